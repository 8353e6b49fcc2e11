"""The names that the demo's config.toml and the demo's code must agree on. Constants only."""

HELPDESK = "helpdesk.example"
HELPDESK_PORT = 2525
PEOPLE = "people"  # the directory of their keys, beside the configuration
ADDRESS = "ada@atlas.example"
DOMAIN = "atlas.example"
SELECTOR = "demo"
DNS_PORT = 2553
ALARM_KEY = "alarm.pem"  # what signs alarms, beside the configuration
SITE_FILES = "site"  # the directory of a site with a hook
SUPPORTER = "nora@ngi-north.example"
UNIT = "NGI_NORTH"  # responsible for SITE
UNIT_ADDRESS = "helpdesk@ngi-north.example"
SITE = "FJELL-LCG2"
SITE_ALARM = "t1-alarms@fjell.example"
