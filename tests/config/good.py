"""A small good configuration that each test spoils in one place."""

GOOD = """\
[helpdesk]
domain = "helpdesk.example"
first_line = "TPM"
secret = { file = "secret" }

[smtp]
listen = "127.0.0.1:0"

[[vo]]
name = "atlas"

[[roc]]
name = "NGI_NORTH"
address = "desk@north.example"

[[unit]]
name = "TPM"
address = ["tpm@helpdesk.example"]

[[site]]
name = "FJELL-LCG2"
aliases = ["NO-FJELL"]
roc = "NGI_NORTH"
contact = "admins@fjell.example"

[[site]]
name = "lynx"
roc = "ngi_north"
contact = ["a@lynx.example"]

[[member]]
name = "Ada Example"
addresses = ["ada@atlas.example"]
vo = "atlas"
roles = ["team"]
"""
SECRET = "0123456789abcdef0123456789abcdef"
