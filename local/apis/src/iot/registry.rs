//! Things, certificates and what is attached to what, as rows.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

/// Whether a certificate may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateStatus {
    Active,
    Inactive,
    Revoked,
}

impl CertificateStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Inactive, Self::Revoked]
            .into_iter()
            .find(|status| status.name() == text)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Thing {
    pub id: String,
    pub name: String,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub(super) struct RoleAlias {
    pub alias: String,
    pub role_arn: String,
    pub duration_seconds: u32,
}

pub(super) fn thing(connection: &Connection, name: &str) -> rusqlite::Result<Option<Thing>> {
    connection
        .query_row(
            "SELECT id, name, attributes FROM things WHERE name = ?1",
            [name],
            |row| {
                let attributes: String = row.get(2)?;
                Ok(Thing {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    attributes: serde_json::from_str(&attributes).unwrap_or_default(),
                })
            },
        )
        .optional()
}

pub(super) fn insert_thing(connection: &Connection, thing: &Thing) -> rusqlite::Result<()> {
    let attributes = serde_json::to_string(&thing.attributes).unwrap_or_else(|_| "{}".to_owned());
    connection.execute(
        "INSERT INTO things (name, id, attributes) VALUES (?1, ?2, ?3)",
        params![thing.name, thing.id, attributes],
    )?;
    Ok(())
}

pub(super) fn delete_thing(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM things WHERE name = ?1", [name])?;
    Ok(())
}

pub(super) fn insert_certificate(
    connection: &Connection,
    id: &str,
    pem: &str,
    status: CertificateStatus,
    now_ms: i64,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO certificates VALUES (?1, ?2, ?3, ?4)",
        params![id, pem, status.name(), now_ms],
    )?;
    Ok(())
}

pub(super) fn certificate_status(
    connection: &Connection,
    id: &str,
) -> rusqlite::Result<Option<CertificateStatus>> {
    let status: Option<String> = connection
        .query_row(
            "SELECT status FROM certificates WHERE id = ?1",
            [id],
            |row| row.get(0),
        )
        .optional()?;
    // A status that this program never wrote must not let anyone in.
    Ok(status.map(|text| CertificateStatus::parse(&text).unwrap_or(CertificateStatus::Revoked)))
}

/// The certificate's PEM, status and time of creation.
pub(super) fn certificate(
    connection: &Connection,
    id: &str,
) -> rusqlite::Result<Option<(String, String, i64)>> {
    connection
        .query_row(
            "SELECT pem, status, created_ms FROM certificates WHERE id = ?1",
            [id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()
}

pub(super) fn set_certificate_status(
    connection: &Connection,
    id: &str,
    status: CertificateStatus,
) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE certificates SET status = ?2 WHERE id = ?1",
        params![id, status.name()],
    )?;
    Ok(())
}

pub(super) fn delete_certificate(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM certificates WHERE id = ?1", [id])?;
    Ok(())
}

pub(super) fn attach_principal(
    connection: &Connection,
    thing: &str,
    certificate: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO thing_principals VALUES (?1, ?2)",
        [thing, certificate],
    )?;
    Ok(())
}

pub(super) fn detach_principal(
    connection: &Connection,
    thing: &str,
    certificate: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM thing_principals WHERE thing = ?1 AND certificate = ?2",
        [thing, certificate],
    )?;
    Ok(())
}

/// The ids of the thing's certificates.
pub(super) fn principals(connection: &Connection, thing: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare("SELECT certificate FROM thing_principals WHERE thing = ?1 ORDER BY certificate")?
        .query_map([thing], |row| row.get(0))?
        .collect()
}

pub(super) fn is_certificate_attached(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM thing_principals WHERE certificate = ?1)
             OR EXISTS (SELECT 1 FROM policy_targets WHERE certificate = ?1)",
        [id],
        |row| row.get(0),
    )
}

pub(super) fn ensure_policy(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.execute("INSERT OR IGNORE INTO policies VALUES (?1)", [name])?;
    Ok(())
}

pub(super) fn policy_exists(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM policies WHERE name = ?1)",
        [name],
        |row| row.get(0),
    )
}

pub(super) fn attach_policy(
    connection: &Connection,
    policy: &str,
    certificate: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR IGNORE INTO policy_targets VALUES (?1, ?2)",
        [policy, certificate],
    )?;
    Ok(())
}

pub(super) fn detach_policy(
    connection: &Connection,
    policy: &str,
    certificate: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM policy_targets WHERE policy = ?1 AND certificate = ?2",
        [policy, certificate],
    )?;
    Ok(())
}

pub(super) fn has_policy(connection: &Connection, certificate: &str) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM policy_targets WHERE certificate = ?1)",
        [certificate],
        |row| row.get(0),
    )
}

pub(super) fn upsert_role_alias(
    connection: &Connection,
    alias: &RoleAlias,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO role_aliases VALUES (?1, ?2, ?3)
         ON CONFLICT(alias) DO UPDATE SET role_arn = excluded.role_arn, duration_seconds = excluded.duration_seconds",
        params![alias.alias, alias.role_arn, alias.duration_seconds],
    )?;
    Ok(())
}

pub(super) fn role_alias(
    connection: &Connection,
    alias: &str,
) -> rusqlite::Result<Option<RoleAlias>> {
    connection
        .query_row(
            "SELECT alias, role_arn, duration_seconds FROM role_aliases WHERE alias = ?1",
            [alias],
            |row| {
                Ok(RoleAlias {
                    alias: row.get(0)?,
                    role_arn: row.get(1)?,
                    duration_seconds: row.get(2)?,
                })
            },
        )
        .optional()
}
