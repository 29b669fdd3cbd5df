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
mod watch;

pub use announcement::{About, Announcement};
pub use cloud::{
    Accounts, Arrivals, Arrived, Attachment, Chance, CloudError, Enrolled, Interval, ListFiles,
    Mail, Mailer, Playback, PlaybackError, PlaybackWindow, Queues, Streams, Things,
};
#[cfg(feature = "mocks")]
pub use cloud::{
    MockAccounts, MockArrivals, MockChance, MockListFiles, MockMailer, MockPlayback, MockQueues,
    MockStreams, MockThings,
};
pub use decision::{
    AuditRow, Body, CommitError, Decision, HeldTask, KeptConsent, Message, Rescreening, Stored,
    Topic, Write, WriteKind,
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
pub use purge::{Certificates, Files, Portion, Purges};
#[cfg(feature = "mocks")]
pub use purge::{MockCertificates, MockFiles, MockPurges};
pub use records::{
    Applications, Audit, AuditReport, AuditReports, AuditRun, Billing, Cases, Confidential,
    ContractPage, Contracts, Devices, Documents, DueWork, Ledger, Notices, Parked, People,
    Resellers, Seen, StoreError, Viewing,
};
#[cfg(feature = "mocks")]
pub use records::{
    MockApplications, MockAudit, MockAuditReports, MockBilling, MockCases, MockConfidential,
    MockContracts, MockDevices, MockDocuments, MockDueWork, MockLedger, MockNotices, MockPeople,
    MockResellers, MockViewing,
};
pub use remembered::{Attempt, Remembered};
#[cfg(feature = "mocks")]
pub use watch::MockWatch;
pub use watch::{StoppedCamera, Watch, WatchReport, WatchRun};
