"""Make the first desk tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first desk tables."""
    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("value", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "inbox",
        sa.Column(
            "mail",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.String(length=27), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("intent", sa.Integer(), nullable=True),
        sa.Column("proven", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alone", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.String(length=80), nullable=True),
        sa.Column("not_before", sa.String(length=27), nullable=True),
        sa.Column("done_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_inbox")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index("ix_inbox_due", ["state", "lane", "mail"], unique=False)
        batch_op.create_index("ix_inbox_identity", ["message_id", "content"], unique=False)
        batch_op.create_index("ix_inbox_sha256", ["sha256"], unique=False)

    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("epoch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "outbox",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("audience", sa.String(length=12), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("date", sa.String(length=27), nullable=False),
        sa.Column("reply_token", sa.String(length=40), nullable=False),
        sa.Column("bounce_token", sa.String(length=40), nullable=False),
        sa.Column("in_reply_to", sa.JSON(), nullable=False),
        sa.Column(
            "attachments_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.String(length=27), nullable=False),
        sa.Column("give_up_at", sa.String(length=27), nullable=False),
        sa.Column("claimed_by", sa.String(length=80), nullable=True),
        sa.Column("claimed_until", sa.String(length=27), nullable=True),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.Column("sent_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_due", ["state", "lane", "due_at"], unique=False)
        batch_op.create_index("ix_outbox_recipient", ["recipient", "kind", "date"], unique=False)
        batch_op.create_index("ix_outbox_ticket", ["ticket"], unique=False)

    op.create_table(
        "reminder",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.String(length=27), nullable=False),
        sa.Column("done_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("reminder", schema=None) as batch_op:
        batch_op.create_index("ix_reminder_due", ["done_at", "due_at"], unique=False)

    op.create_table(
        "sequence",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("next", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sequence")),
    )
    op.create_table(
        "ticket",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("wanted", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("held", sa.String(length=80), nullable=True),
        sa.Column("priority", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("submitter", sa.Text(), nullable=False),
        sa.Column("support_unit", sa.Text(), nullable=False),
        sa.Column("wanted_unit", sa.Text(), nullable=False),
        sa.Column("vo", sa.Text(), nullable=False),
        sa.Column("notified_site", sa.Text(), nullable=False),
        sa.Column("affected_site", sa.Text(), nullable=False),
        sa.Column("type_of_issue", sa.Text(), nullable=False),
        sa.Column("mou_area", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.String(length=27), nullable=False),
        sa.Column("updated_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_ticket")),
    )
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.create_index("ix_ticket_held", ["held", "opened_at"], unique=False)
        batch_op.create_index("ix_ticket_site", ["notified_site", "updated_at"], unique=False)
        batch_op.create_index("ix_ticket_submitter", ["submitter", "opened_at"], unique=False)

    op.create_table(
        "event",
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("mail", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("internal", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name=op.f("fk_event_ticket_ticket")),
        sa.PrimaryKeyConstraint("ticket", "number", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_author", ["ticket", "by", "at"], unique=False)
        batch_op.create_index("ix_event_mail", ["mail"], unique=False)

    op.create_table(
        "foreign_ids",
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("helpdesk", sa.String(length=80), nullable=False),
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_foreign_ids_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket", "helpdesk", "id", name=op.f("pk_foreign_ids")),
    )
    with op.batch_alter_table("foreign_ids", schema=None) as batch_op:
        batch_op.create_index("ix_foreign_ids_id", ["helpdesk", "id"], unique=False)

    op.create_table(
        "mail_ticket",
        sa.Column("mail", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["mail"], ["inbox.mail"], name=op.f("fk_mail_ticket_mail_inbox")),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_mail_ticket_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("mail", "ticket", name=op.f("pk_mail_ticket")),
    )
    with op.batch_alter_table("mail_ticket", schema=None) as batch_op:
        batch_op.create_index("ix_mail_ticket_ticket", ["ticket"], unique=False)

    op.create_table(
        "participant",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_participant_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("ticket", "address", "role", name="uq_participant_ticket"),
    )
    op.create_table(
        "thread_id",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("late_parent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_thread_id_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("message_id", "ticket", name=op.f("pk_thread_id")),
    )
    with op.batch_alter_table("thread_id", schema=None) as batch_op:
        batch_op.create_index("ix_thread_id_ticket", ["ticket"], unique=False)
