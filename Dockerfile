# One image for every part: API, worker, console, practice tenant. The command says which (`python -m api`, …).
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements-build.lock requirements.lock ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --require-hashes -r requirements-build.lock \
 && VIRTUAL_ENV=/app/.venv .venv/bin/uv pip install --no-cache --compile-bytecode --require-hashes -r requirements.lock

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app jml && install -d -o jml -g jml -m 0700 /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY activities activities
COPY api api
COPY connectors connectors
COPY domain domain
COPY embedded embedded
COPY ledger ledger
COPY policies policies
COPY sandbox sandbox
COPY ui ui
COPY workflows workflows
COPY cli.py settings.py worker.py LICENSE ./
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 JML_DATA_DIR=/data JML_BIND=0.0.0.0
USER jml
VOLUME /data
CMD ["python", "-m", "api"]
