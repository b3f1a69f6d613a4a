"""The pages of the sign-in: plain HTML forms that work without script."""

from html import escape

from starlette.responses import HTMLResponse

_STYLE = """
:root { color-scheme: light; font: 16px/1.5 "Segoe UI", system-ui, -apple-system, sans-serif; color: #1f2430; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #eef1f5; }
main { box-sizing: border-box; width: min(26rem, 92vw); padding: 2.5rem; background: #fff; border-radius: .75rem;
       box-shadow: 0 1px 2px rgba(20, 30, 60, .08), 0 12px 32px rgba(20, 30, 60, .10); }
.brand { margin: 0 0 1.5rem; font-size: .875rem; color: #5b6472; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; font-weight: 600; }
p { margin: 0 0 1rem; }
label { display: block; margin: 1rem 0 .25rem; font-size: .875rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; padding: .625rem .75rem; font: inherit; color: inherit;
        border: 1px solid #8a94a6; border-radius: .375rem; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid #9cc2ff; outline-offset: 1px; }
button { margin-top: 1.5rem; padding: .625rem 1.5rem; font: inherit; font-weight: 600; color: #fff; background: #0b5cad;
         border: 0; border-radius: .375rem; cursor: pointer; }
button:hover { background: #094a8c; }
button.quiet { color: #1f2430; background: #dde3ea; }
button.quiet:hover { background: #cbd3dd; }
.alert { padding: .75rem 1rem; border-radius: .25rem;
         border-left: 4px solid #b3261e; background: #fdf0ef; color: #7a1a14; }
.code { font-size: .8125rem; color: #5b6472; }
a { color: #0b5cad; }
"""


def page(title: str, inner: str, status: int = 200) -> HTMLResponse:
    """A whole page around its content, which must be escaped already."""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · Practice</title><style>{_STYLE}</style></head>"
        f'<body><main><p class="brand">Practice · practice.example</p><h1>{escape(title)}</h1>'
        f"{inner}</main></body></html>"
    )
    headers = {
        "Cache-Control": "no-store, no-cache",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(text, status, headers)


def _alert(message: str | None) -> str:
    return f'<p class="alert" role="alert">{escape(message)}</p>' if message else ""


def credentials(action: str, application: str, username: str = "", message: str | None = None) -> HTMLResponse:
    """Ask for user name and password."""
    user_focus, password_focus = ("", " autofocus") if username else (" autofocus", "")
    inner = (
        f"<p>to continue to {escape(application)}</p>{_alert(message)}"
        f'<form method="post" action="{escape(action)}">'
        '<label for="username">User name</label>'
        f'<input id="username" name="username" type="email" autocomplete="username" required{user_focus} '
        f'value="{escape(username)}">'
        '<label for="password">Password</label>'
        '<input id="password" name="password" type="password" autocomplete="current-password" required'
        f"{password_focus}>"
        '<button type="submit">Sign in</button></form>'
    )
    return page("Sign in", inner)


def one_time_code(action: str, flow: str, username: str, message: str | None = None) -> HTMLResponse:
    """Ask for the code of the authenticator app."""
    inner = (
        f"<p>{escape(username)}</p><p>Enter the code that your authenticator app shows.</p>{_alert(message)}"
        f'<form method="post" action="{escape(action)}">'
        f'<input type="hidden" name="flow" value="{escape(flow)}">'
        '<label for="code">One-time code</label>'
        '<input id="code" name="code" type="text" inputmode="numeric" pattern="[0-9 ]*" autocomplete="one-time-code" '
        "required autofocus>"
        '<button type="submit">Verify</button></form>'
    )
    return page("Verify your identity", inner)


def registration(action: str, flow: str, secret: str, message: str | None = None) -> HTMLResponse:
    """Register an authenticator app, where one is needed and there is none yet."""
    inner = (
        "<p>Your organization needs more information to keep your account secure. Add this key to your authenticator "
        f'app, then enter the code that it shows.</p><p><code id="secret">{escape(secret)}</code></p>{_alert(message)}'
        f'<form method="post" action="{escape(action)}">'
        f'<input type="hidden" name="flow" value="{escape(flow)}">'
        '<label for="code">One-time code</label>'
        '<input id="code" name="code" type="text" inputmode="numeric" pattern="[0-9 ]*" autocomplete="one-time-code" '
        "required autofocus>"
        '<button type="submit">Next</button></form><p class="code">AADSTS50079</p>'
    )
    return page("More information required", inner)


def consent(action: str, flow: str, application: str, permissions: list[str]) -> HTMLResponse:
    """Ask for the permissions that an application wants."""
    listed = "".join(f"<li>{escape(name)}</li>" for name in permissions)
    inner = (
        f"<p>{escape(application)} would like to:</p><ul>{listed}</ul>"
        "<p>Accepting these permissions means that you allow this app to use your data.</p>"
        + _yes_or_no(action, flow, "Accept")
    )
    return page("Permissions requested", inner)


def confirmation(action: str, flow: str, question: str) -> HTMLResponse:
    """Ask whether a sign-in on a device is really wanted."""
    inner = f"<p>{escape(question)}</p><p>Do not continue if you did not start this yourself.</p>" + _yes_or_no(
        action, flow, "Continue"
    )
    return page("Are you trying to sign in?", inner)


def _yes_or_no(action: str, flow: str, yes: str) -> str:
    return (
        f'<form method="post" action="{escape(action)}">'
        f'<input type="hidden" name="flow" value="{escape(flow)}">'
        f'<button type="submit">{yes}</button> '
        '<button type="submit" name="cancel" value="1" class="quiet">Cancel</button></form>'
    )


def device_code(action: str, message: str | None = None, code: str = "") -> HTMLResponse:
    """Ask for the code that a device shows."""
    inner = (
        f"<p>Enter the code displayed on your app or device.</p>{_alert(message)}"
        f'<form method="post" action="{escape(action)}">'
        '<label for="otc">Code</label>'
        f'<input id="otc" name="otc" type="text" autocomplete="off" required autofocus value="{escape(code)}">'
        '<button type="submit">Next</button></form>'
    )
    return page("Enter code to allow access", inner)


def stopped(title: str, message: str, code: int | None = None, status: int = 200) -> HTMLResponse:
    """Say why it goes no further."""
    named = f'<p class="code">AADSTS{code}</p>' if code else ""
    return page(title, f"<p>{escape(message)}</p>{named}", status)


def posted(target: str, fields: dict[str, str]) -> HTMLResponse:
    """``response_mode=form_post``: the answer as a form; its button does what a script would."""
    inputs = "".join(f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in fields.items())
    inner = f'<form method="post" action="{escape(target)}">{inputs}<button type="submit">Continue</button></form>'
    return page("You are signed in", f"<p>Continue to the application.</p>{inner}")
