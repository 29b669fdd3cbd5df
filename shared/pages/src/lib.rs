//! The frame, language and form pieces that every page shares.

mod console;
mod dates;
mod form;
mod frame;
mod problem;

pub use console::ConsoleFrame;
pub use dates::{date, date_time, yen};
pub use form::{FieldView, Requirement, Ticked, checkbox, field, hidden, select};
pub use frame::{Frame, Section, Visitor, frame};
pub use problem::problem_page;
