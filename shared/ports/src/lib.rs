//! The traits that functions call: each names one business need and returns our errors, not the SDK's.

mod announcement;
mod cloud;
mod decision;
mod disclosure;
mod exports;
mod publishing;
mod purge;
mod records;
mod remembered;
mod rescreening;
mod staff_views;
mod watch;

pub use announcement::{About, Announcement};
pub use cloud::{
    Accounts, Arrivals, Arrived, Attachment, Chance, CloudError, Enrolled, Interval, Kept,
    ListFiles, Mail, Mailer, Playback, PlaybackError, PlaybackWindow, Queues, Streams, Things,
};
#[cfg(feature = "mocks")]
pub use cloud::{
    MockAccounts, MockArrivals, MockChance, MockListFiles, MockMailer, MockPlayback, MockQueues,
    MockStreams, MockThings,
};
pub use decision::{
    AuditRow, Body, CommitError, Decision, KeptConsent, Message, Stored, Topic, Write, WriteKind,
};
pub use disclosure::{Archive, CaseFiles, Disclosures};
#[cfg(feature = "mocks")]
pub use disclosure::{MockArchive, MockCaseFiles, MockDisclosures};
pub use exports::{ExportFiles, Exports, Media, Recordings, Upload};
#[cfg(feature = "mocks")]
pub use exports::{MockExportFiles, MockExports, MockRecordings};
pub use publishing::{Interruptions, Registers, SeenPage, ServiceEnds, TermsChanges, Website};
#[cfg(feature = "mocks")]
pub use publishing::{
    MockInterruptions, MockRegisters, MockServiceEnds, MockTermsChanges, MockWebsite,
};
pub use purge::{Certificates, Deletions, Files, Portion, Purges};
#[cfg(feature = "mocks")]
pub use purge::{MockCertificates, MockDeletions, MockFiles, MockPurges};
pub use records::{
    ApplicationPage, Applications, Audit, AuditReport, AuditReports, AuditRun, Billing, Cases,
    Confidential, ContractPage, Contracts, Devices, Documents, DueSpan, DueWork, HeldTask, Ledger,
    Notices, Parked, People, Resellers, Seen, StoreError, Viewing,
};
#[cfg(feature = "mocks")]
pub use records::{
    MockApplications, MockAudit, MockAuditReports, MockBilling, MockCases, MockConfidential,
    MockContracts, MockDevices, MockDocuments, MockDueWork, MockLedger, MockNotices, MockPeople,
    MockResellers, MockViewing,
};
pub use remembered::{Attempt, Caller, Remembered};
pub use rescreening::{Rescreening, Screened};
#[cfg(feature = "mocks")]
pub use staff_views::MockStaffViews;
pub use staff_views::{StaffSeen, StaffViews};
#[cfg(feature = "mocks")]
pub use watch::MockWatch;
pub use watch::{StoppedCamera, Watch, WatchReport, WatchRun, WatchedContract, WatchedPage};
