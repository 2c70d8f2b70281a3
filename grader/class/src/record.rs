//! What is known of a class, as lines of JSON that are only ever added: nothing is changed in place, so a run may be stopped
//! at any moment, and the same lines in any order say the same.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use course::{Course, UsageError, files};
use hmac_sha256::Hash;
use report::Report;
use serde::{Deserialize, Serialize};

use crate::unclear::Answer;

/// How long a file may still be held by another grader.
const PATIENCE: Duration = Duration::from_secs(3);

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Record {
    Terms(Terms),
    Code(Code),
    HandIn(HandIn),
    Result(Box<Graded>),
    /// How long a grading took: the only thing that differs from run to run.
    Spent(Spent),
    Regrade(Regrade),
    Decision(Decision),
}

/// What all submissions to an exercise are graded by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) exercise: String,
    /// The digest of the files that decide the verdicts: the exercise's own, and the crates that judges are made of.
    pub(crate) checks: String,
    pub(crate) compiler: String,
    /// Drawn when the class is graded first, so no submission can know the inputs.
    pub(crate) seed: u64,
}

/// The files of a submission to one exercise: names below `src`, and contents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) digest: String,
    pub(crate) files: Vec<(String, String)>,
}

/// Somebody handed in this code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HandIn {
    pub(crate) who: Who,
    pub(crate) exercise: String,
    /// Counts what this student has handed in to this exercise, from 1; the last one counts.
    pub(crate) attempt: u32,
    pub(crate) code: String,
    /// Seconds since 1970, where a time can be trusted.
    pub(crate) handed_in: Option<i64>,
    /// Where it was found, below the folder of all submissions.
    pub(crate) found: String,
    /// What teachers had said of this student's submissions by then: without these answers it does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) told: Vec<Answer>,
}

impl HandIn {
    /// The name of the submission in which it was found.
    pub(crate) fn submission(&self) -> &str {
        self.found.split(": ").next().unwrap_or_default()
    }
}

/// What a file's name or a list says of the student; the roster says who that is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Who {
    /// Tells students apart where there is no roster.
    pub(crate) key: String,
    /// Numbers and addresses that a roster may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<String>,
}

/// What came of grading a unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Graded {
    pub(crate) unit: String,
    pub(crate) terms: Terms,
    pub(crate) code: String,
    /// Without durations.
    pub(crate) report: Report,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub(crate) unit: String,
    pub(crate) milliseconds: u64,
}

/// Other checks, and what they would change; nothing counts before it is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Regrade {
    /// Counted from 1.
    pub(crate) number: u32,
    /// The commit that was asked for; `None` for the course as it lay there.
    pub(crate) commit: Option<String>,
    /// For each exercise that is touched, the terms of then and those that are proposed.
    pub(crate) terms: Vec<(Terms, Terms)>,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

/// What became of a regrading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decision {
    pub(crate) number: u32,
    pub(crate) accepted: bool,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

/// The name of a submission × an exercise: the same code gets the same result, whichever student handed it in.
pub(crate) fn unit_of(terms: &Terms, code: &str) -> String {
    let Terms { exercise, checks, compiler, seed } = terms;
    digest(&format!("{exercise}\n{checks}\n{compiler}\n{seed}\n{code}\n"))
}

pub(crate) fn digest(text: &str) -> String {
    files::hex(&Hash::hash(text.as_bytes())[..16])
}

/// A part of the units, for one of several machines: `3/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Counted from 1.
    pub(crate) number: u32,
    pub(crate) of: u32,
}

impl Shard {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("a shard is K/N with K from 1 to N, such as 3/8".to_owned()),
        }
    }

    /// Whether what is called `name` belongs to it. That depends on the name alone, so nothing moves when others are added.
    pub(crate) fn holds(self, name: &str) -> bool {
        let hash = Hash::hash(name.as_bytes());
        let number = hash[..8].iter().fold(0, |number, &byte| number << 8 | u64::from(byte));
        number % u64::from(self.of) == u64::from(self.number - 1)
    }
}

/// The files of a class, all named after its database.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    pub(crate) database: PathBuf,
}

impl Paths {
    fn beside(&self, ending: &str) -> PathBuf {
        self.database.with_extension(ending)
    }

    /// The lines of all runs on one machine, or of a shard.
    pub(crate) fn records(&self, shard: Option<Shard>) -> PathBuf {
        match shard {
            None => self.beside("jsonl"),
            Some(Shard { number, of }) => self.beside(&format!("{number}-of-{of}.jsonl")),
        }
    }

    /// What teachers say of their class: roster, deadlines.
    pub(crate) fn settings(&self) -> PathBuf {
        self.beside("toml")
    }

    /// What could not be made out, and teachers' answers.
    pub(crate) fn unclear(&self) -> PathBuf {
        self.beside("unclear.toml")
    }
}

/// The lines of a file, and what of them a run has to know.
pub(crate) struct Records {
    path: PathBuf,
    file: File,
    /// Locked as long as this lives: two runs at once would get in each other's way.
    _lock: File,
    /// Where the next line begins.
    end: u64,
    /// The digests of lines, in which a unit's result counts once.
    known: HashSet<String>,
    /// Where the line with a code is, and how long it is.
    code: HashMap<String, (u64, usize)>,
    /// Of each student and exercise the last hand-in.
    last: HashMap<(String, String), HandIn>,
    /// Every exercise and code that was ever handed in; an answer may take the last one back, and then an earlier one counts.
    pub(crate) handed_in: BTreeSet<(String, String)>,
    pub(crate) terms: Vec<Terms>,
    pub(crate) results: HashSet<String>,
    pub(crate) regrades: Vec<Regrade>,
    pub(crate) decisions: Vec<Decision>,
}

/// Of a line what an index needs; a report is not looked into.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Head {
    Terms(Terms),
    Code { digest: String },
    HandIn(HandIn),
    Result { unit: String },
    Spent { unit: String },
    Regrade(Regrade),
    Decision(Decision),
}

impl Records {
    /// The lines in `path`, a new file if there is none. What a run that was stopped has left of a line is cut off.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let cannot = || format!("cannot open {}; is its folder there, and may you write to it?", path.display());
        // Beside the file: a lock on it would keep others from reading it, on Windows.
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = File::create(&lock_path).with_context(cannot)?;
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                // What a grader that was killed has just started may hold it for a moment.
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => thread::sleep(PATIENCE / 100),
                Err(TryLockError::WouldBlock) => {
                    bail!("another grader is writing to {}; wait until it ends, or stop it", path.display())
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(cannot),
            }
        }
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path).with_context(cannot)?;
        let mut records = Self {
            path: path.to_owned(),
            file,
            _lock: lock,
            end: 0,
            known: HashSet::new(),
            code: HashMap::new(),
            last: HashMap::new(),
            handed_in: BTreeSet::new(),
            terms: Vec::new(),
            results: HashSet::new(),
            regrades: Vec::new(),
            decisions: Vec::new(),
        };
        let end = each_line(path, |at, line| {
            match serde_json::from_str::<Head>(line) {
                Ok(head) => records.index(head, line, at),
                Err(error) => skipped(path, &error),
            }
            Ok(())
        })?;
        records.end = end;
        records.file.set_len(end).with_context(|| format!("cannot write {}", records.path.display()))?;
        Ok(records)
    }

    /// A folder for what has to lie on the disk while these lines are written. Only one run at a time has it, so what is there
    /// when a run begins was left by one that was killed.
    pub(crate) fn work_folder(&self, course: &Course) -> Result<PathBuf> {
        let path = std::path::absolute(&self.path)?;
        Ok(course.work_folder()?.join("class").join(digest(&path.to_string_lossy())))
    }

    fn index(&mut self, head: Head, line: &str, at: u64) {
        self.known.insert(identity(&head, line));
        match head {
            Head::Terms(terms) => {
                if !self.terms.contains(&terms) {
                    self.terms.push(terms);
                }
            }
            Head::Code { digest } => {
                self.code.insert(digest, (at, line.len()));
            }
            Head::HandIn(hand_in) => {
                self.handed_in.insert((hand_in.exercise.clone(), hand_in.code.clone()));
                let place = (hand_in.who.key.clone(), hand_in.exercise.clone());
                if self.last.get(&place).is_none_or(|last| last.attempt < hand_in.attempt) {
                    self.last.insert(place, hand_in);
                }
            }
            Head::Result { unit } => {
                self.results.insert(unit);
            }
            Head::Spent { .. } => {}
            Head::Regrade(regrade) => self.regrades.push(regrade),
            Head::Decision(decision) => self.decisions.push(decision),
        }
    }

    /// Adds what is not known yet. When this returns, the disk has it.
    pub(crate) fn add(&mut self, records: &[Record]) -> Result<()> {
        let mut text = String::new();
        for record in records {
            let line = serde_json::to_string(record)?;
            self.push(&mut text, &line)?;
        }
        self.write(&text)
    }

    /// Adds the lines of another file that are not known yet, and says how many.
    pub(crate) fn add_all_of(&mut self, path: &Path) -> Result<usize> {
        let (mut text, mut added) = (String::new(), 0);
        each_line(path, |_, line| {
            added += usize::from(self.push(&mut text, line).unwrap_or_else(|error| {
                skipped(path, &error);
                false
            }));
            if text.len() > 1 << 20 {
                self.write(&text)?;
                text.clear();
            }
            Ok(())
        })?;
        self.write(&text)?;
        Ok(added)
    }

    /// Puts `line` at the end of `text`, which will stand at the end of the file, unless it is known.
    fn push(&mut self, text: &mut String, line: &str) -> serde_json::Result<bool> {
        let head = serde_json::from_str::<Head>(line)?;
        let is_new = !self.known.contains(&identity(&head, line));
        if is_new {
            self.index(head, line, self.end + text.len() as u64);
            *text += line;
            text.push('\n');
        }
        Ok(is_new)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let mut write = || -> std::io::Result<()> {
            self.file.seek(SeekFrom::Start(self.end))?;
            self.file.write_all(text.as_bytes())?;
            self.file.sync_data()
        };
        let cannot = || {
            format!(
                "cannot write to {}; is the disk full? Run the same command again, and it continues",
                self.path.display()
            )
        };
        write().with_context(cannot)?;
        self.end += text.len() as u64;
        Ok(())
    }

    /// The code with this digest.
    pub(crate) fn code(&self, digest: &str) -> Result<Code> {
        let (at, length) = *self.code.get(digest).with_context(|| format!("there is no code {digest}"))?;
        let mut line = vec![0; length];
        let mut file = File::open(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut line)?;
        match serde_json::from_slice(&line)? {
            Record::Code(code) => Ok(code),
            _ => bail!("{} was changed while it was being read", self.path.display()),
        }
    }

    /// What this student handed in last to this exercise.
    pub(crate) fn last(&self, key: &str, exercise: &str) -> Option<&HandIn> {
        self.last.get(&(key.to_owned(), exercise.to_owned()))
    }

    /// The terms that count for `exercise`: those that were accepted last, or else the first.
    pub(crate) fn terms_of(&self, exercise: &str) -> Result<Option<Terms>> {
        counting(exercise, &self.terms, &self.regrades, &self.decisions)
    }
}

/// The terms that count for `exercise`, if it was ever graded.
///
/// # Errors
///
/// If shards were graded by different ones.
pub(crate) fn counting(
    exercise: &str,
    terms: &[Terms],
    regrades: &[Regrade],
    decisions: &[Decision],
) -> Result<Option<Terms>> {
    let accepted = decisions.iter().filter(|decision| decision.accepted).filter_map(|decision| {
        let regrade = regrades.iter().find(|regrade| regrade.number == decision.number)?;
        regrade.terms.iter().find(|(_, new)| new.exercise == exercise).map(|(_, new)| (decision.number, new))
    });
    if let Some((_, new)) = accepted.max_by_key(|(number, _)| *number) {
        return Ok(Some(new.clone()));
    }
    let mut first = terms.iter().filter(|terms| terms.exercise == exercise);
    let found = first.next();
    if let (Some(one), Some(other)) = (found, first.next()) {
        let what = match () {
            () if one.seed != other.seed => format!("seeds ({} and {})", one.seed, other.seed),
            () if one.compiler != other.compiler => format!("compilers ({} and {})", one.compiler, other.compiler),
            () => "checks".to_owned(),
        };
        return Err(UsageError(format!(
            "{exercise} was graded with different {what}; grade all shards with the same course, compiler and --seed"
        ))
        .into());
    }
    Ok(found.cloned())
}

/// What makes a line the same as another one: a unit has one result, and a duration for it.
fn identity(head: &Head, line: &str) -> String {
    match head {
        Head::Result { unit } => format!("result {unit}"),
        Head::Spent { unit } => format!("spent {unit}"),
        Head::Code { digest } => format!("code {digest}"),
        _ => digest(line),
    }
}

fn skipped(path: &Path, error: &serde_json::Error) {
    crate::warn(&format!("a damaged line of {} is left out: {error}", path.display()));
}

/// Gives every whole line of `path` to `take`, and where it begins. Says where the last one ends: one without an end is none.
pub(crate) fn each_line(path: &Path, mut take: impl FnMut(u64, &str) -> Result<()>) -> Result<u64> {
    let cannot = || format!("cannot read {}", path.display());
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).with_context(cannot)?);
    let (mut at, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).with_context(cannot)?;
        if line.last() != Some(&b'\n') {
            return Ok(at);
        }
        line.pop();
        // A line that is no text is as damaged as one that is no JSON.
        take(at, str::from_utf8(&line).unwrap_or("no text"))?;
        at += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn hand_in(key: &str, attempt: u32, code: &str) -> Record {
        Record::HandIn(HandIn {
            who: Who { key: key.to_owned(), ids: Vec::new() },
            exercise: "01_a".to_owned(),
            attempt,
            code: code.to_owned(),
            handed_in: None,
            found: key.to_owned(),
            told: Vec::new(),
        })
    }

    #[test]
    fn a_torn_last_line_is_cut_off_and_a_damaged_one_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.jsonl");
        let code = Code { digest: "d".to_owned(), files: vec![("lib.rs".to_owned(), "fn a() {}\n".to_owned())] };
        Records::open(&path).unwrap().add(&[Record::Code(code.clone()), hand_in("jane", 1, "d")]).unwrap();
        let whole = fs::read_to_string(&path).unwrap();
        for torn in [0, 1, 20, whole.len() - 1] {
            let damaged = [b"{\"spent\":\xff\n", whole.as_bytes(), &whole.as_bytes()[..torn]].concat();
            fs::write(&path, damaged).unwrap();
            let mut records = Records::open(&path).unwrap();
            assert_eq!(records.code("d").unwrap(), code);
            assert_eq!(records.last("jane", "01_a").unwrap().attempt, 1);
            records.add(&[hand_in("jane", 1, "d"), hand_in("joe", 1, "d")]).unwrap();
            let lines = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            let different: HashSet<&str> = lines.lines().collect();
            assert!(different.len() == 4 && lines.ends_with('\n'), "{lines}");
        }
    }

    #[test]
    fn two_runs_at_once_are_refused_and_lines_are_added_once() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one.jsonl", "other.jsonl"].map(|name| folder.path().join(name));
        let mut records = Records::open(&one).unwrap();
        assert!(Records::open(&one).is_err());
        records.add(&[hand_in("jane", 1, "d")]).unwrap();
        Records::open(&other).unwrap().add(&[hand_in("jane", 1, "d"), hand_in("joe", 1, "e")]).unwrap();
        assert_eq!(records.add_all_of(&other).unwrap(), 1);
        assert_eq!(records.add_all_of(&other).unwrap(), 0);
    }

    #[test]
    fn a_unit_stays_in_its_shard_when_others_are_added() {
        let shards: Vec<Shard> = (1..=8).map(|number| Shard { number, of: 8 }).collect();
        let of = |name: &str| {
            let holders: Vec<u32> = shards.iter().filter(|shard| shard.holds(name)).map(|shard| shard.number).collect();
            assert_eq!(holders.len(), 1);
            holders[0]
        };
        let counts = (0..800).fold([0; 9], |mut counts, number| {
            counts[of(&number.to_string()) as usize] += 1;
            counts
        });
        assert!(counts[1..].iter().all(|count| (60..150).contains(count)), "{counts:?}");
        assert_eq!(Shard::parse("3/8"), Ok(Shard { number: 3, of: 8 }));
        for wrong in ["0/8", "9/8", "3", "a/b", "1/0"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
