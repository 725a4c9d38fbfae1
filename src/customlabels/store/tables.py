"""The tables. Times are integers: milliseconds since 1970, UTC. JSON columns hold what is only read as a whole."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in an INTEGER column
Name = Text().with_variant(Text(collation="C"), "postgresql")
"""Text compared byte by byte, in SQLite (its default) and in PostgreSQL alike."""

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="What the server knows of itself: the first account's id, the key of pagination tokens.",
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True, comment="12 digits"),
    Column("name", Text, nullable=False, unique=True),
    Column("created", BigInteger, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("created", BigInteger, nullable=False),
    UniqueConstraint("account", "name"),
)

user_policies = Table(
    "user_policies",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Name, primary_key=True),
    Column("document", JSON, nullable=False),
)

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("secret", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("created", BigInteger, nullable=False),
)

passwords = Table(
    "passwords",
    metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False, comment="Argon2, with its salt and parameters"),
    Column("changed", BigInteger, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("digest", Text, primary_key=True, comment="SHA-256 of the token in the link, which is good once"),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("expires", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True, comment="SHA-256 of the cookie"),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("arn", Text, nullable=False, unique=True),
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("status", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    UniqueConstraint("account", "name"),
    Index("ix_projects_account_created", "account", "created", "id"),
)

project_policies = Table(
    "project_policies",
    metadata,
    Column("project_id", ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Name, primary_key=True),
    Column("revision", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("arn", Text, unique=True, comment="null: what a training saw when it began (see versions)"),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("type", Text, comment="TRAIN or TEST; null with a null arn"),
    Column("status", Text, nullable=False),
    Column("status_message", Text, nullable=False),
    Column("status_code", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("total_entries", Integer, nullable=False, default=0),
    Column("labeled_entries", Integer, nullable=False, default=0),
    Column("error_entries", Integer, nullable=False, default=0),
    Column("next_position", BigInteger, nullable=False, default=1),
    UniqueConstraint("project_id", "type"),
)

dataset_labels = Table(
    "dataset_labels",
    metadata,
    Column("id", BigId, primary_key=True, comment="in the order in which labels first appeared"),
    Column("dataset_id", ForeignKey("datasets.id", ondelete="CASCADE"), nullable=False),
    Column("name", Name, nullable=False),
    Column("declared_entries", Integer, nullable=False, default=0, comment="entries that use or only declare it"),
    Column("entries", Integer, nullable=False, default=0, comment="entries that use it, on the image or a box"),
    Column("boxed_entries", Integer, nullable=False, default=0),
    Column("kept", Boolean, nullable=False, default=False, comment="stays where no entry has it: a person added it"),
    Column("colour", Text, comment="#rrggbb, as a person chose it"),
    UniqueConstraint("dataset_id", "name"),
)

entries = Table(
    "entries",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False, comment="order of insertion"),
    Column("source_ref", Name, nullable=False),
    Column("labeled", Boolean, nullable=False),
    Column("errors", Boolean, nullable=False),
    Column("line", Text, nullable=False, comment="as ListDatasetEntries gives it"),
    UniqueConstraint("dataset_id", "source_ref"),
    Index("ix_entries_labeled", "dataset_id", "labeled", "position"),
    Index("ix_entries_errors", "dataset_id", "errors", "position"),
    Index("ix_entries_search", "dataset_id", "position", "source_ref", "labeled", "errors"),
)

entry_labels = Table(
    "entry_labels",
    metadata,
    Column("dataset_id", ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True),
    Column("label_id", BigInteger, primary_key=True, autoincrement=False, comment="of dataset_labels"),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("boxed", Boolean, nullable=False),
    Index("ix_entry_labels_entry", "dataset_id", "position"),
    sqlite_with_rowid=False,
    comment="The labels that an entry uses; those it only declares are in its line.",
)

versions = Table(
    "versions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("arn", Text, nullable=False, unique=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("name", Name, nullable=False),
    Column("description", Text),
    Column("status", Text, nullable=False, index=True),
    Column("status_message", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("ended", BigInteger, comment="when the training or copy ended, well or not"),
    Column("billable_seconds", Integer),
    Column("output", JSON, nullable=False, comment="OutputConfig as given"),
    Column("kms_key", Text),
    Column("training_input", JSON, nullable=False, comment="TrainingData as given"),
    Column("testing_input", JSON, nullable=False, comment="TestingData as given"),
    Column("training_snapshot", ForeignKey("datasets.id"), comment="what the training was given, if not manifests"),
    Column("testing_snapshot", ForeignKey("datasets.id")),
    Column("results", JSON, nullable=False, default=dict, comment="further members of ProjectVersionDescription"),
    Column("f1", Float),
    Column("min_units", Integer),
    Column("max_units", Integer),
    Column("source_arn", Text),
    Column("effort", Text, nullable=False, default="balanced"),
    Column("seed", BigInteger, nullable=False, default=0),
    Column("progress", JSON, comment="where the training is, and its losses"),
    Column("model", Text, comment="folder of the model, below `models` of the home"),
    UniqueConstraint("project_id", "name"),
    Index("ix_versions_project_created", "project_id", "created", "id"),
)

tags = Table(
    "tags",
    metadata,
    Column("arn", Text, primary_key=True),
    Column("key", Name, primary_key=True),
    Column("value", Text, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False, index=True, comment="arn of what the job works on"),
    Column("payload", JSON, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", Text, comment="who holds the lease; null while the job waits"),
    Column("lease_until", BigInteger, nullable=False, default=0),
    Column("cancelled", Boolean, nullable=False, default=False),
    Column("created", BigInteger, nullable=False),
    Index("ix_jobs_kind_lease", "kind", "lease_until", "id"),
    comment="Work to be done. A job that is finished, well or not, has no row any more.",
)

servers = Table(
    "servers",
    metadata,
    Column("id", Text, primary_key=True, comment="of the home that the server has"),
    Column("seen", BigInteger, nullable=False, comment="when it last said that it is alive, by the database's clock"),
    Column("models", JSON, nullable=False, comment="ARN to loading, serving, leaving or failed"),
    comment="The processes that serve, and what each has of the models that run.",
)

buckets = Table(
    "buckets",
    metadata,
    Column("name", Name, primary_key=True),
    Column("account", ForeignKey("accounts.id"), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("settings", JSON, nullable=False, default=dict, comment="policy, CORS, versioning, tags: kept as given"),
)

objects = Table(
    "objects",
    metadata,
    Column("bucket", ForeignKey("buckets.name"), primary_key=True),
    Column("key", LargeBinary, primary_key=True, comment="UTF-8, so that order is the order of bytes"),
    Column("place", Name, nullable=False, comment="of the file, below the bucket's folder, without case"),
    Column("content", Text, nullable=False, comment="names the file until it is at its place; new with every put"),
    Column("size", BigInteger, nullable=False),
    Column("etag", Text, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("headers", JSON, nullable=False, comment="Content-Type and its like, checksums"),
    Column("metadata", JSON, nullable=False, comment="x-amz-meta-*"),
    UniqueConstraint("bucket", "place"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("bucket", ForeignKey("buckets.name"), nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("headers", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Index("ix_uploads_bucket_key", "bucket", "key", "id"),
)

parts = Table(
    "parts",
    metadata,
    Column("upload", ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False, comment="names the file"),
    Column("size", BigInteger, nullable=False),
    Column("etag", Text, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("headers", JSON, nullable=False),
)
