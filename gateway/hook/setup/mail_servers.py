"""What a mail server or a filter has to be told so that alarms reach `ticketgate-hook deliver`.

Rule: whole paths, no shell, and each row says what its server does with exit 75.
Standard library only.
"""

from collections.abc import Mapping

# Server -> the lines, with @DELIVER@ for the whole command and @PROGRAM@ for the program alone.
SERVERS: Mapping[str, str] = {
    "Postfix, in /etc/aliases (then newaliases); 75 is tried again": """\
alarms: "|@DELIVER@"
""",
    "Postfix, as a user of its own (master.cf and transport), instead of the alias": """\
ticketgate-hook unix - n n - 4 pipe
  flags=Rq user=@USER@ argv=@DELIVER@
""",
    "Exim, a transport; temp_errors says that 75 is tried again": """\
ticketgate_hook:
  driver = pipe
  command = @DELIVER@
  user = @USER@
  temp_errors = 75
  return_output = false
  log_output = true
""",
    "Dovecot Sieve (vnd.dovecot.pipe); keeps only what the hook says 75 of, in the mailbox": """\
require "vnd.dovecot.pipe";
pipe "ticketgate-hook-deliver";    # a script in sieve_pipe_bin_dir:
# #!/bin/sh
# exec @DELIVER@
""",
    "procmail; the second line hands 75 on to the mail server": """\
:0 w
| @DELIVER@
EXITCODE=75
HOST=
""",
    "no pipe: the mails are fetched, [poll] in the configuration, by a service of systemd": """\
[Service]
ExecStart=@RUN@
User=@USER@
UMask=0077
Restart=always
""",
}
