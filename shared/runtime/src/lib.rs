//! Configuration, logging, time of the event, problems and sessions for every function.
