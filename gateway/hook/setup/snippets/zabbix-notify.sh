#!/bin/sh
# ticketgate-notify, in AlertScriptsPath of the Zabbix server: called by the media type of this name
# with the subject "EVENT ALARM-ID WHO" and the message.
read -r event alarm who <<END
$1
END
exec @HOOK@ notify --event="$event" --alarm="$alarm" --by="$who" --comment="$2"
