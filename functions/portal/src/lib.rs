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
mod refusal;
mod sign_in;
mod trail;
mod user;
mod users;
mod welcome;

#[cfg(test)]
mod tests;

pub use app::{App, router, run};
