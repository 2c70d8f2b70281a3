//! The time, as it is written into files.

use std::time::SystemTime;

/// Date and time in UTC: `2026-11-22T09:20:00Z`.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The same as a part of a file's name, which sorts by age: `2026-11-22_09-20-00Z`.
pub(crate) fn stamp() -> String {
    now().replace('T', "_").replace(':', "-")
}
