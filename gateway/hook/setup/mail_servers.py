"""What a mail server or a filter has to be told so that alarms reach `ticketgate-hook deliver`.

Rule: whole paths, no shell between the mail server and the hook, the hook's own user, and each row
says what its server does with exit 75. docs/hook.md says with which servers they were tried.
Standard library only.
"""

from collections.abc import Mapping

# Server -> the lines, with @DELIVER@ for the whole command, @LOCAL@ and @ADDRESS@ for the address
# that the helpdesk mails alarms to.
SERVERS: Mapping[str, str] = {
    "Postfix, an alias": """\
# In a file of its own, since Postfix runs a command as the owner of the file (.db) that names it:
# one in /etc/aliases as nobody, who cannot spool. 75 is tried again.
echo '@LOCAL@: "|@DELIVER@"' > /etc/postfix/alarm-aliases
postalias hash:/etc/postfix/alarm-aliases
chown @USER@ /etc/postfix/alarm-aliases.db
# with what `postconf alias_maps` says now, and the new one:
postconf -e 'alias_maps = hash:/etc/aliases, hash:/etc/postfix/alarm-aliases'
postfix reload
""",
    "Postfix, a transport instead of the alias": """\
# In /etc/postfix/master.cf; 75 is tried again:
ticketgate-hook unix - n n - 4 pipe
  flags=Rq user=@USER@ argv=@DELIVER@
# In /etc/postfix/transport, then `postmap /etc/postfix/transport`:
@ADDRESS@ ticketgate-hook:
# In /etc/postfix/main.cf, then `postfix reload`; the address must be one that Postfix knows:
transport_maps = hash:/etc/postfix/transport
""",
    "Exim": """\
# In /etc/exim4/conf.d/router/350_ticketgate-hook; 75 is tried again:
ticketgate_hook:
  driver = accept
  domains = +local_domains
  local_parts = @LOCAL@
  transport = ticketgate_hook
# In /etc/exim4/conf.d/transport/30_ticketgate-hook, then update-exim4.conf:
ticketgate_hook:
  driver = pipe
  command = @DELIVER@
  user = @USER@
  temp_errors = 75
  return_output = false
  log_output = true
""",
    "Dovecot Sieve, vnd.dovecot.pipe": """\
# In the mailbox of @USER@, as whom it is run. After 75 the mail stays in the mailbox, and nobody
# tries again. Write no :try here: with it, and without :copy, such a mail is lost.
require ["vnd.dovecot.pipe"];
pipe "ticketgate-hook-deliver";
# A script of that name in sieve_pipe_bin_dir, executable:
#!/bin/sh
exec @DELIVER@
""",
    "procmail": """\
# In .procmailrc of @USER@; the last two lines hand 75 on to the mail server.
:0 w
| @DELIVER@
EXITCODE=75
HOST=
""",
}

# The service, for @RUN@.
UNIT = """\
[Unit]
Description=Alarms of the helpdesk, shown in monitoring
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart=@RUN@
User=@USER@
UMask=0077
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
"""
