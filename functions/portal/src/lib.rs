//! The portal: every page of the service. It renders and writes nothing but its cookies.

mod account;
mod app;
mod application;
mod apply;
mod assets;
mod camera;
mod cameras;
mod cancellation;
mod confirmation;
mod console;
mod console_account;
mod console_arrears;
mod console_audit;
mod console_cases;
mod console_consents;
mod console_explanation;
mod console_interruptions;
mod console_liability;
mod console_measures;
mod console_orders;
mod console_parts;
mod console_resellers;
mod console_service_end;
mod console_stuck;
mod console_terms;
mod console_trail;
mod console_watch;
mod contract;
mod device;
mod devices;
mod documents;
mod explanation;
mod input;
mod invoice;
mod invoices;
mod landing;
mod markdown;
mod notices;
mod order;
mod page;
mod pieces;
mod recording;
mod refusal;
mod sign_in;
mod status;
mod trail;
mod user;
mod users;
mod versions;
mod welcome;

#[cfg(test)]
mod tests;

pub use app::{App, router, run};
