"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False, comment="12 digits"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_accounts_name")),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_facts")),
        comment="What the server knows of itself: the first account's id, the key of pagination tokens.",
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False, comment="arn of what the job works on"),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True, comment="who holds the lease; null while the job waits"),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        comment="Work to be done. A job that is finished, well or not, has no row any more.",
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index("ix_jobs_kind_lease", ["kind", "lease_until", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_jobs_subject"), ["subject"], unique=False)

    op.create_table(
        "tags",
        sa.Column("arn", sa.Text(), nullable=False),
        sa.Column("key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("arn", "key", name=op.f("pk_tags")),
    )
    op.create_table(
        "buckets",
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False, comment="policy, CORS, versioning, tags: kept as given"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_buckets_account")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_buckets")),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("arn", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_projects_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("account", "name", name=op.f("uq_projects_account_name")),
        sa.UniqueConstraint("arn", name=op.f("uq_projects_arn")),
    )
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.create_index("ix_projects_account_created", ["account", "created", "id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_users_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("account", "name", name=op.f("uq_users_account_name")),
    )
    op.create_table(
        "access_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_access_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_keys")),
    )
    with op.batch_alter_table("access_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_keys_user_id"), ["user_id"], unique=False)

    op.create_table(
        "datasets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("arn", sa.Text(), nullable=True, comment="null: what a training saw when it began (see versions)"),
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("type", sa.Text(), nullable=True, comment="TRAIN or TEST; null with a null arn"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=False),
        sa.Column("status_code", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("total_entries", sa.Integer(), nullable=False),
        sa.Column("labeled_entries", sa.Integer(), nullable=False),
        sa.Column("error_entries", sa.Integer(), nullable=False),
        sa.Column("next_position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_datasets_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("arn", name=op.f("uq_datasets_arn")),
        sa.UniqueConstraint("project_id", "type", name=op.f("uq_datasets_project_id_type")),
    )
    op.create_table(
        "objects",
        sa.Column("bucket", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False, comment="UTF-8, so that order is the order of bytes"),
        sa.Column(
            "place",
            sa.Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
            comment="of the file, below the bucket's folder, without case",
        ),
        sa.Column(
            "content", sa.Text(), nullable=False, comment="names the file until it is at its place; new with every put"
        ),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False, comment="Content-Type and its like, checksums"),
        sa.Column("metadata", sa.JSON(), nullable=False, comment="x-amz-meta-*"),
        sa.ForeignKeyConstraint(["bucket"], ["buckets.name"], name=op.f("fk_objects_bucket")),
        sa.PrimaryKeyConstraint("bucket", "key", name=op.f("pk_objects")),
        sa.UniqueConstraint("bucket", "place", name=op.f("uq_objects_bucket_place")),
    )
    op.create_table(
        "passwords",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="Argon2, with its salt and parameters"),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_passwords_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_passwords")),
    )
    op.create_table(
        "project_policies",
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_policies_project_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("project_id", "name", name=op.f("pk_project_policies")),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the cookie"),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "sign_in_links",
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of the token in the link, which is good once"),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_in_links_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_links")),
    )
    with op.batch_alter_table("sign_in_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_links_user_id"), ["user_id"], unique=False)

    op.create_table(
        "uploads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("bucket", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["bucket"], ["buckets.name"], name=op.f("fk_uploads_bucket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index("ix_uploads_bucket_key", ["bucket", "key", "id"], unique=False)

    op.create_table(
        "user_policies",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_policies_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "name", name=op.f("pk_user_policies")),
    )
    op.create_table(
        "dataset_labels",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="in the order in which labels first appeared",
        ),
        sa.Column("dataset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("declared_entries", sa.Integer(), nullable=False, comment="entries that use or only declare it"),
        sa.Column("entries", sa.Integer(), nullable=False, comment="entries that use it, on the image or a box"),
        sa.Column("boxed_entries", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False, comment="stays where no entry has it: a person added it"),
        sa.Column("colour", sa.Text(), nullable=True, comment="#rrggbb, as a person chose it"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_labels_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_labels")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_dataset_labels_dataset_id_name")),
    )
    op.create_table(
        "entries",
        sa.Column("dataset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False, comment="order of insertion"),
        sa.Column("source_ref", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("labeled", sa.Boolean(), nullable=False),
        sa.Column("errors", sa.Boolean(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False, comment="as ListDatasetEntries gives it"),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_entries_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "position", name=op.f("pk_entries")),
        sa.UniqueConstraint("dataset_id", "source_ref", name=op.f("uq_entries_dataset_id_source_ref")),
    )
    with op.batch_alter_table("entries", schema=None) as batch_op:
        batch_op.create_index("ix_entries_errors", ["dataset_id", "errors", "position"], unique=False)
        batch_op.create_index("ix_entries_labeled", ["dataset_id", "labeled", "position"], unique=False)
        batch_op.create_index(
            "ix_entries_search", ["dataset_id", "position", "source_ref", "labeled", "errors"], unique=False
        )

    op.create_table(
        "entry_labels",
        sa.Column("dataset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="of dataset_labels"),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("boxed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_entry_labels_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "label_id", "position", name=op.f("pk_entry_labels")),
        comment="The labels that an entry uses; those it only declares are in its line.",
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("entry_labels", schema=None) as batch_op:
        batch_op.create_index("ix_entry_labels_entry", ["dataset_id", "position"], unique=False)

    op.create_table(
        "parts",
        sa.Column("upload", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False, comment="names the file"),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("headers", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["uploads.id"], name=op.f("fk_parts_upload"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("upload", "number", name=op.f("pk_parts")),
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("arn", sa.Text(), nullable=False),
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_message", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=True, comment="when the training or copy ended, well or not"),
        sa.Column("billable_seconds", sa.Integer(), nullable=True),
        sa.Column("output", sa.JSON(), nullable=False, comment="OutputConfig as given"),
        sa.Column("kms_key", sa.Text(), nullable=True),
        sa.Column("training_input", sa.JSON(), nullable=False, comment="TrainingData as given"),
        sa.Column("testing_input", sa.JSON(), nullable=False, comment="TestingData as given"),
        sa.Column(
            "training_snapshot",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
            comment="what the training was given, if not manifests",
        ),
        sa.Column("testing_snapshot", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("results", sa.JSON(), nullable=False, comment="further members of ProjectVersionDescription"),
        sa.Column("f1", sa.Float(), nullable=True),
        sa.Column("min_units", sa.Integer(), nullable=True),
        sa.Column("max_units", sa.Integer(), nullable=True),
        sa.Column("source_arn", sa.Text(), nullable=True),
        sa.Column("effort", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=True, comment="where the training is, and its losses"),
        sa.Column("model", sa.Text(), nullable=True, comment="folder of the model, below `models` of the home"),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_versions_account")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_versions_project_id")),
        sa.ForeignKeyConstraint(["testing_snapshot"], ["datasets.id"], name=op.f("fk_versions_testing_snapshot")),
        sa.ForeignKeyConstraint(["training_snapshot"], ["datasets.id"], name=op.f("fk_versions_training_snapshot")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_versions")),
        sa.UniqueConstraint("arn", name=op.f("uq_versions_arn")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_versions_project_id_name")),
    )
    with op.batch_alter_table("versions", schema=None) as batch_op:
        batch_op.create_index("ix_versions_project_created", ["project_id", "created", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_versions_status"), ["status"], unique=False)
