//! Numbers, arrays and records as a learner reads them.

pub(crate) use formula::number;
use formula::{DIGITS, digits};
use probe::{Record, Value};

/// More than this is cut: rows and columns of a matrix, entries of a vector.
const MAX_ROWS: usize = 6;
const MAX_COLUMNS: usize = 8;
const MAX_ENTRIES: usize = 24;

/// An array of three axes or more has rows of several matrices. It is shown if it has at most so many of them, and left out otherwise.
const MAX_ROWS_IN_ALL: usize = 12;

const MAX_DIGITS: usize = 17;

/// A record over several lines, `name = value` each; a bare value without its name.
pub fn record(record: &Record) -> String {
    record_with(record, DIGITS)
}

/// Two different records with as many digits as it takes to see that they are.
pub(super) fn records_apart(one: &Record, other: &Record) -> (String, String) {
    let both = |digits| (record_with(one, digits), record_with(other, digits));
    (DIGITS..MAX_DIGITS).map(both).find(|(one, other)| one != other).unwrap_or_else(|| both(MAX_DIGITS))
}

fn record_with(record: &Record, digits: usize) -> String {
    let value = |part| value_with(part, digits);
    if record.is_bare() {
        return record.result().map(value).unwrap_or_default();
    }
    let lines: Vec<String> = record
        .parts()
        .map(|(name, part)| {
            let hang = format!("\n{}", " ".repeat(name.chars().count() + 3));
            format!("{name} = {}", value(part).replace('\n', &hang))
        })
        .collect();
    lines.join("\n")
}

pub(super) fn value(shown: &Value) -> String {
    value_with(shown, DIGITS)
}

fn value_with(shown: &Value, digits: usize) -> String {
    match shown {
        Value::Nothing => "None".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(count) => count.to_string(),
        Value::Float(real) => self::digits(*real, digits),
        Value::Text(text) if text.contains('\n') => text.trim_end().to_owned(),
        Value::Text(text) => format!("{text:?}"),
        Value::Ints(counts) => row(counts, i64::to_string, MAX_ENTRIES),
        Value::Array { shape, data } => array(shape, data, digits),
        Value::Bytes(bytes) => row(bytes, u8::to_string, MAX_ENTRIES),
    }
}

fn array(shape: &[usize], data: &[f64], digits: usize) -> String {
    let real = |real: &f64| self::digits(*real, digits);
    match *shape {
        // Without axes there is one number.
        [] => data.first().map_or_else(String::new, real),
        [_] => row(data, real, MAX_ENTRIES),
        [rows, columns] if rows > 0 && columns > 0 => {
            // No number is written that is not shown: a stranger's array may be large.
            let shown: Vec<Vec<String>> = data
                .chunks(columns)
                .take(MAX_ROWS)
                .map(|entries| entries.iter().take(MAX_COLUMNS).map(real).collect())
                .collect();
            let width = shown.iter().flatten().map(String::len).max().unwrap_or(0);
            let mut lines: Vec<String> = shown
                .iter()
                .map(|entries| {
                    let mut shown: Vec<String> = entries.iter().map(|entry| format!("{entry:>width$}")).collect();
                    if columns > MAX_COLUMNS {
                        shown.push(format!("… {columns} in all"));
                    }
                    format!("[{}]", shown.join(", "))
                })
                .collect();
            if rows > MAX_ROWS {
                lines.push(format!("… {rows} rows in all"));
            }
            format!("[{}]", lines.join(",\n "))
        }
        [.., columns] if shape.len() > 2 && is_small(data, columns) => {
            let shown: Vec<String> = data.iter().map(real).collect();
            let width = shown.iter().map(String::len).max().unwrap_or(0);
            nested(shape, &shown, width, 1)
        }
        _ => format!("{} numbers of shape {}", data.len(), self::shape(shape)),
    }
}

fn is_small(data: &[f64], columns: usize) -> bool {
    !data.is_empty() && columns <= MAX_COLUMNS && data.len() <= MAX_ROWS_IN_ALL * columns
}

/// All entries, in as many brackets as there are axes; each line is indented by `depth` blanks, one for each open bracket.
fn nested(shape: &[usize], entries: &[String], width: usize, depth: usize) -> String {
    match *shape {
        [] | [_] => {
            let entries: Vec<String> = entries.iter().map(|entry| format!("{entry:>width$}")).collect();
            format!("[{}]", entries.join(", "))
        }
        [length, ref rest @ ..] => {
            let parts = entries.chunks(entries.len() / length).map(|part| nested(rest, part, width, depth + 1));
            let parts: Vec<String> = parts.collect();
            format!("[{}]", parts.join(&format!(",\n{}", " ".repeat(depth))))
        }
    }
}

fn row<T>(entries: &[T], render: impl Fn(&T) -> String, most: usize) -> String {
    let mut shown: Vec<String> = entries.iter().take(most).map(render).collect();
    if entries.len() > most {
        shown.push(format!("… {} in all", entries.len()));
    }
    format!("[{}]", shown.join(", "))
}

/// Two different numbers with as many digits as it takes to see that they are.
pub(super) fn apart(one: f64, other: f64) -> (String, String) {
    let both = |count| (digits(one, count), digits(other, count));
    (DIGITS..MAX_DIGITS).map(both).find(|(one, other)| one != other).unwrap_or_else(|| both(MAX_DIGITS))
}

pub(super) fn shape(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", lengths.join(", "))
}

/// The index of the entry that is at `position` in row-major order.
pub(super) fn index(position: usize, shape: &[usize]) -> String {
    let mut rest = position;
    let mut index: Vec<String> = shape
        .iter()
        .rev()
        .map(|&length| {
            let here = rest % length;
            rest /= length;
            here.to_string()
        })
        .collect();
    index.reverse();
    format!("[{}]", index.join(", "))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Array3, arr0, array};

    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(number(2.4), "2.4");
        assert_eq!(number(0.1 + 0.2), "0.3");
        assert_eq!(number(-0.632_120_558_828_557_7), "-0.632121");
        assert_eq!(number(4.248_354_255e-18), "4.24835e-18");
        assert_eq!(number(-0.0), "0");
        assert_eq!(number(235_146.0), "235146");
        assert_eq!(number(10_000_001.0), "10000001");
        assert_eq!(number(10_000_001.5), "10000000");
        assert_eq!(number(f64::NEG_INFINITY), "-inf");
    }

    #[test]
    fn arrays_show_their_rows() {
        assert_eq!(value(&array![[1.0, -2.5], [3.0, 4.0]].into()), "[[   1, -2.5],\n [   3,    4]]");
        assert_eq!(value(&array![1.0, 2.0].into()), "[1, 2]");
        assert_eq!(value(&arr0(0.5).into()), "0.5");
        assert_eq!(value(&Array2::<f64>::zeros((0, 3)).into()), "0 numbers of shape (0, 3)");
        assert!(value(&Array2::<f64>::zeros((400, 300)).into()).contains("400 rows in all"));
        let small = array![[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, -8.0]]];
        assert_eq!(value(&small.into()), "[[[ 1,  2],\n  [ 3,  4]],\n [[ 5,  6],\n  [ 7, -8]]]");
        assert_eq!(value(&Array3::<f64>::zeros((2, 7, 2)).into()), "28 numbers of shape (2, 7, 2)");
        assert_eq!(value(&Array3::<f64>::zeros((2, 0, 2)).into()), "0 numbers of shape (2, 0, 2)");
    }

    #[test]
    fn an_index_counts_the_last_axis_fastest() {
        assert_eq!(index(4, &[2, 3]), "[1, 1]");
        assert_eq!(index(4, &[5]), "[4]");
    }

    #[test]
    fn a_record_names_its_parts_unless_it_is_bare() {
        assert_eq!(record(&1.5.into()), "1.5");
        assert_eq!(record(&Record::new().with("w", array![1.0]).with("b", 2.0)), "w = [1]\nb = 2");
        assert_eq!(record(&Record::new().with("w", array![[1.0], [2.0]])), "w = [[1],\n     [2]]");
    }
}
