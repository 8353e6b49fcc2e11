"""The names that the demo's config.toml and the demo's code must agree on. Constants only."""

HELPDESK = "helpdesk.example"
ALARMER = "alarmer"  # the directory of the alarmer's keys, beside the configuration
ADDRESS = "ada@atlas.example"
DOMAIN = "atlas.example"
SELECTOR = "demo"
DNS_PORT = 2553
