//! 運営会社の係: the groups of the operators' pool, and which of them each part of the console is for.

/// Those who decide applications and may read screening reasons (3-2, 3-4).
pub const SCREENERS: &[&str] = &["screener"];
/// Those who decide about contracts.
pub const CONTRACTS: &[&str] = &["contracts"];
/// Those who decide about money.
pub const BILLING: &[&str] = &["billing"];
/// Those who decide about money, and those who decide about contracts.
pub const ARREARS: &[&str] = &["billing", "contracts"];
/// The legal desk (21-4).
pub const LEGAL: &[&str] = &["legal"];
/// Those who see how a contract's data go (15-3).
pub const PURGES: &[&str] = &["contracts", "legal"];
/// Those who write and publish the operator's documents.
pub const PUBLISHERS: &[&str] = &["legal", "publisher"];
/// Those who keep the service running and say so.
pub const UPKEEP: &[&str] = &["publisher", "support"];
/// Those who may look at a customer's video, each time on another's grant (21-7).
pub const SUPPORT: &[&str] = &["support"];
/// Those who look after customers in one way or another.
pub const DESKS: &[&str] = &["billing", "contracts", "support"];

/// Tells whether an operator of these groups is in one of those that something is for.
pub fn is_in(held: &[String], of: &[&str]) -> bool {
    held.iter().any(|group| of.contains(&group.as_str()))
}
