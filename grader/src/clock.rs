//! The time, as it is written into files.

use jiff::Zoned;

/// Date and time with the offset from UTC: `2026-11-22T10:20:00+01:00`.
pub(crate) fn now() -> String {
    Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Date and time as a part of a file's name, which sorts by age: `2026-11-22_10-20-00`.
pub(crate) fn stamp() -> String {
    Zoned::now().strftime("%Y-%m-%d_%H-%M-%S").to_string()
}
