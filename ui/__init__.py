"""The console: what people at Hr and Iam see and do, over HTTP to the API and nothing else."""
