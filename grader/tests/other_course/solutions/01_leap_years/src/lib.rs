//! Which years have a 29 February.

/// Whether `year` is a leap year of the Gregorian calendar.
pub fn is_leap_year(year: usize) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}
