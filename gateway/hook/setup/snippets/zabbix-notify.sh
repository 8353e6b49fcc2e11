#!/bin/sh
# ticketgate-notify, in AlertScriptsPath of the Zabbix server: called by the media type of this name
# with the subject "EVENT ALARM-ID WHO" and the message.
event=${1%% *} rest=${1#* }
exec @HOOK@ notify --event="$event" --alarm="${rest%% *}" --by="${rest#* }" --comment="$2"
