//! The roster: a CSV file with columns of any names.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use anyhow::{Result, anyhow};
use course::UsageError;
use icu_normalizer::ComposingNormalizerBorrowed;
use serde::Deserialize;

use crate::record::Who;

/// Which column says what.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Columns {
    /// The whole name.
    pub(crate) name: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    /// What tells students apart: the platform's own number, a matriculation number.
    pub(crate) id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) login: Option<String>,
}

/// What other systems call their columns.
const KNOWN: [(&str, &[&str]); 6] = [
    ("name", &["student", "name", "full name", "student name", "vollständiger name"]),
    ("first_name", &["first name", "given name", "vorname"]),
    ("last_name", &["last name", "surname", "family name", "nachname"]),
    (
        "id",
        &["id", "sid", "id number", "student id", "identifier", "matriculation number", "matrikelnummer", "id-nummer"],
    ),
    ("email", &["email", "email address", "e-mail", "e-mail address", "mail", "e-mail-adresse"]),
    ("login", &["sis login id", "username", "login", "github", "github username"]),
];

impl Columns {
    fn field(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "name" => &mut self.name,
            "first_name" => &mut self.first_name,
            "last_name" => &mut self.last_name,
            "id" => &mut self.id,
            "email" => &mut self.email,
            "login" => &mut self.login,
            _ => return None,
        })
    }

    /// What is known, as it stands in `class.toml`.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let Self { name, first_name, last_name, id, email, login } = self;
        let fields = [name, first_name, last_name, id, email, login];
        KNOWN.iter().zip(fields).filter_map(|((name, _), column)| Some((*name, column.as_deref()?)))
    }

    /// Reads `name=Student,id=ID`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut columns = Self::default();
        for part in text.split(',') {
            let (name, column) = part.split_once('=').ok_or("write FIELD=COLUMN,…, such as name=Student,id=ID")?;
            let field = columns.field(name.trim()).ok_or_else(|| {
                format!("there is no field `{name}`; there are {}", KNOWN.map(|(name, _)| name).join(", "))
            })?;
            *field = Some(column.trim().to_owned());
        }
        Ok(columns)
    }

    /// The columns of a list whose heads are `heads`, where they have usual names.
    ///
    /// # Errors
    ///
    /// If nothing tells who a student is: what to write.
    pub(crate) fn guess(path: &Path) -> Result<Self> {
        let heads = Sheet::read(path)?.heads;
        let mut columns = Self::default();
        for (field, names) in KNOWN {
            let found =
                names.iter().find_map(|name| heads.iter().find(|head| normal(&head.replace('_', " ")) == *name));
            if let (Some(head), Some(field)) = (found, columns.field(field)) {
                *field = Some(head.clone());
            }
        }
        if columns.name.is_none() && columns.last_name.is_none() && columns.id.is_none() && columns.email.is_none() {
            return Err(UsageError(format!(
                "{} has the columns {}. Which of them identify a student? Say it once, with those that there are: \
                 --columns 'name=…,first_name=…,last_name=…,id=…,email=…,login=…'",
                path.display(),
                listed(&heads)
            ))
            .into());
        }
        Ok(columns)
    }
}

/// A CSV file.
pub(crate) struct Sheet {
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

impl Sheet {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let cannot = |error: csv::Error| anyhow!(UsageError(format!("{} is not a CSV file: {error}", path.display())));
        let bytes =
            std::fs::read(path).map_err(|error| UsageError(format!("cannot read {}: {error}", path.display())))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
            let what = "is not UTF-8 text; export it again as UTF-8, which Excel calls `CSV UTF-8`";
            UsageError(format!("{}, line {}: this {what}", path.display(), line + 1))
        })?;
        let text = text.trim_start_matches('\u{feff}');
        // Excel separates by semicolons where the comma is for decimals.
        let first = text.lines().next().unwrap_or_default();
        let separator =
            [b',', b';', b'\t'].into_iter().max_by_key(|&it| (first.bytes().filter(|&b| b == it).count(), it == b','));
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader.delimiter(separator.unwrap_or(b',')).flexible(true).from_reader(text.as_bytes());
        let heads = reader.headers().map_err(cannot)?.iter().map(|head| head.trim().to_owned()).collect();
        let row = |row: csv::Result<csv::StringRecord>| {
            Ok(row.map_err(cannot)?.iter().map(|cell| cell.trim().to_owned()).collect())
        };
        Ok(Self { heads, rows: reader.records().map(row).collect::<Result<_>>()? })
    }
}

/// A student of the roster.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Student {
    /// What tells this student from all others: the number, or the address, or the name.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) login: String,
    /// The whole row, for the platform that it came from.
    pub(crate) row: BTreeMap<String, String>,
}

/// All students.
#[derive(Default)]
pub(crate) struct Roster {
    /// Where it was read from.
    pub(crate) file: Option<PathBuf>,
    pub(crate) students: Vec<Student>,
    /// The students that a text may mean; two where it is not clear.
    known: HashMap<String, Vec<usize>>,
}

impl Roster {
    pub(crate) fn read(path: &Path, columns: &Columns) -> Result<Self> {
        let Sheet { heads, rows } = Sheet::read(path)?;
        let place = |column: &Option<String>| -> Result<Option<usize>> {
            let Some(column) = column else { return Ok(None) };
            let place = heads.iter().position(|head| head == column);
            Ok(Some(place.ok_or_else(|| {
                UsageError(format!("{} has no column `{column}`; it has {}", path.display(), listed(&heads)))
            })?))
        };
        let [name, first, last, id, email, login] = [
            place(&columns.name)?,
            place(&columns.first_name)?,
            place(&columns.last_name)?,
            place(&columns.id)?,
            place(&columns.email)?,
            place(&columns.login)?,
        ];
        let mut roster = Self { file: Some(path.to_owned()), ..Self::default() };
        for row in rows {
            let cell = |place: Option<usize>| place.and_then(|place| row.get(place)).cloned().unwrap_or_default();
            let parts = [cell(first), cell(last)];
            let full = parts.join(" ").trim().to_owned();
            let name = if name.is_some() { cell(name) } else { full.clone() };
            let (id, email, login) = (cell(id), cell(email), cell(login));
            // The rows that Canvas puts above and below students.
            let is_student = !name.starts_with("Points Possible") && !name.starts_with("Student, Test");
            let key = [&id, &email, &login, &name].into_iter().find(|key| !key.is_empty()).cloned();
            let (Some(key), true) = (key, is_student) else { continue };
            let called_so = roster.known.get(&normal(&key)).into_iter().flatten().map(|&index| &roster.students[index]);
            if let Some(other) = called_so.into_iter().find(|student| student.key == key) {
                // A student in two groups may have two rows.
                if other.name == name && key != name {
                    continue;
                }
                let (file, other) = (path.display(), &other.name);
                return Err(UsageError(match key == name {
                    true => format!(
                        "{file} has two students called `{name}`, and nothing that tells them apart; --columns id=… or email=… \
                         names a column that does, of {}",
                        listed(&heads)
                    ),
                    false => format!("{file} has `{key}` for both `{other}` and `{name}`; which column tells students apart?"),
                })
                .into());
            }
            let index = roster.students.len();
            // `Doe, Jane` is also Jane Doe, and Canvas calls her files `doejane`.
            let turned = name.split_once(',').map(|(last, first)| format!("{} {}", first.trim(), last.trim()));
            let joined = [name.replace(',', " "), parts[1].clone() + &parts[0]].map(|name| letters(&name));
            let all = [id, email.clone(), login.clone(), name.clone(), full].into_iter().chain(turned).chain(joined);
            let turned_letters: Vec<String> = match name.rsplit_once(' ') {
                Some((first, last)) if !name.contains(',') => vec![letters(&format!("{last}{first}"))],
                _ => Vec::new(),
            };
            for text in all.chain(turned_letters) {
                let places = roster.known.entry(normal(&text)).or_default();
                if !text.is_empty() && !places.contains(&index) {
                    places.push(index);
                }
            }
            let row = heads.iter().cloned().zip(row.iter().cloned()).collect();
            roster.students.push(Student { key, name, email, login, row });
        }
        Ok(roster)
    }

    /// The student that `who` means.
    ///
    /// # Errors
    ///
    /// If there is none, or more than one: a sentence.
    pub(crate) fn find(&self, who: &Who) -> Result<&Student, String> {
        let mut unclear = Vec::new();
        for text in who.ids.iter().chain([&who.key]) {
            match self.known.get(&normal(text)).map(Vec::as_slice) {
                Some([index]) => return Ok(&self.students[*index]),
                Some([]) | None => {}
                Some(several) => unclear = several.to_vec(),
            }
        }
        Err(match &*unclear {
            [] => format!("the roster has no student `{}`", who.key),
            several => {
                let names: Vec<&str> = several.iter().map(|&index| self.students[index].key.as_str()).collect();
                format!("`{}` may be any of {}", who.key, names.join(", "))
            }
        })
    }
}

/// The form in which texts are compared: case and spacing do not matter, nor whether `ü` is one character or two, as on macOS.
fn normal(text: &str) -> String {
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    composed.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn letters(text: &str) -> String {
    normal(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Columns in a sentence.
fn listed(heads: &[String]) -> String {
    heads.iter().map(|head| format!("`{head}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(text: &str) -> Roster {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.csv");
        std::fs::write(&path, text).unwrap();
        Roster::read(&path, &Columns::guess(&path).unwrap()).unwrap()
    }

    fn who(key: &str, ids: &[&str]) -> Who {
        Who { key: key.to_owned(), ids: ids.iter().map(|id| (*id).to_owned()).collect() }
    }

    #[test]
    fn students_are_found_as_canvas_moodle_and_gradescope_call_them() {
        let canvas = roster(
            "Student,ID,SIS User ID,SIS Login ID,Section\nPoints Possible,,,,\n\"Doe, Jane\",12345,u1,jane@example.org,A\n\
             \"Roe, Jo\",67890,u2,jo@example.org,A\n\"Student, Test\",1,,x,A\n",
        );
        assert_eq!(canvas.students.len(), 2);
        for (key, ids) in [
            ("doejane 12345", &["12345", "doejane"][..]),
            ("doejane", &[]),
            ("Jane Doe", &[]),
            ("JANE@example.org", &[]),
        ] {
            assert_eq!(canvas.find(&who(key, ids)).unwrap().key, "12345", "{key}");
        }
        assert_eq!(canvas.students[0].row["SIS User ID"], "u1");
        let moodle = roster(
            "\u{feff}First name;Last name;ID number;Email address\nJane;Doe;0017;jane@example.org\nJane;Doe;0018;doe@example.org\n",
        );
        assert_eq!(moodle.students[0].name, "Jane Doe");
        assert_eq!(moodle.find(&who("x", &["0018"])).unwrap().email, "doe@example.org");
        assert_eq!(
            moodle.find(&who("Jane Doe", &["Participant 9"])).unwrap_err(),
            "`Jane Doe` may be any of 0017, 0018"
        );
        let worksheet = roster("Identifier,Full name,Email address\nParticipant 12345,Jane Doe,j@example.org\n");
        assert_eq!(worksheet.find(&who("Jane X", &["Participant 12345"])).unwrap().name, "Jane Doe");
        assert!(canvas.find(&who("nobody", &[])).unwrap_err().contains("no student `nobody`"));
    }

    #[test]
    fn what_does_not_tell_students_apart_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.csv");
        let refused = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            let read = Columns::guess(&path).and_then(|columns| Roster::read(&path, &columns));
            read.err().expect("it is refused").to_string()
        };
        let said = refused("Name;Gruppe\nMax Muster;A\nMax Muster;B\n".as_bytes());
        assert!(said.contains("two students called `Max Muster`") && said.contains("`Name`, `Gruppe`"), "{said}");
        let said = refused(b"Name,ID\nJane Doe,17\nJo Roe,17\n");
        assert!(said.contains("`17` for both `Jane Doe` and `Jo Roe`"), "{said}");
        // As Excel writes it in a country with umlauts.
        let said = refused(b"Name,ID\nJane Doe,17\nJ\xf6rg M\xfcller,18\n");
        assert!(said.contains("line 3") && said.contains("`CSV UTF-8`"), "{said}");
        std::fs::write(&path, "Name,ID\nJane Doe,17\n").unwrap();
        let columns = Columns::parse("id=Number").unwrap();
        let said = Roster::read(&path, &columns).err().unwrap().to_string();
        assert!(said.contains("no column `Number`; it has `Name`, `ID`"), "{said}");
        // One student in two groups, and an umlaut in two characters.
        let twice = roster("Name,ID,Group\nJ\u{f6}rg M\u{fc}ller,18,A\nJ\u{f6}rg M\u{fc}ller,18,B\n");
        assert_eq!(twice.students.len(), 1);
        assert_eq!(twice.find(&who("Jo\u{308}rg Mu\u{308}ller", &[])).unwrap().key, "18");
        let github = roster("identifier,github_username,github_id,name\njane@x.org,jane,1,Jane Doe\n");
        assert_eq!(github.find(&who("homework-4-jane", &["4-jane", "jane"])).unwrap().key, "jane@x.org");
    }

    #[test]
    fn columns_of_any_name_are_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roster.csv");
        std::fs::write(&path, "Wer,Nummer\nJane Doe,17\n").unwrap();
        let asks = Columns::guess(&path).unwrap_err().to_string();
        assert!(asks.contains("`Wer`, `Nummer`") && asks.contains("--columns"), "{asks}");
        let columns = Columns::parse("name=Wer,id=Nummer").unwrap();
        assert_eq!(Roster::read(&path, &columns).unwrap().students[0].key, "17");
        assert_eq!(columns.all().collect::<Vec<_>>(), [("name", "Wer"), ("id", "Nummer")]);
        assert!(Columns::parse("nam=Wer").unwrap_err().contains("first_name"));
    }
}
