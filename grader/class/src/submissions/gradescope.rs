//! Gradescope's export: a folder for each submission, and a file that says whose it is and when it came.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;

use crate::{record::Who, settings::seconds};

/// The file that makes a folder such an export.
pub(super) const METADATA: &str = "submission_metadata.yml";

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = ":submitters", default)]
    submitters: Vec<Submitter>,
    #[serde(rename = ":created_at", default)]
    created_at: Option<String>,
}

#[derive(Deserialize)]
struct Submitter {
    #[serde(rename = ":name", default)]
    name: Option<String>,
    #[serde(rename = ":sid", default)]
    sid: Option<String>,
    #[serde(rename = ":email", default)]
    email: Option<String>,
}

/// Whose submission a folder is, and when it was handed in.
pub(super) struct Submission {
    /// All members of a group.
    pub(super) who: Vec<Who>,
    pub(super) handed_in: Option<i64>,
}

/// The submissions of an export, by the names of their folders.
pub(super) fn read(path: &Path) -> Result<BTreeMap<String, Submission>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let entries: BTreeMap<String, Entry> = serde_saphyr::from_str(&text)
        .map_err(|error| anyhow!("{} is not as Gradescope writes it: {error}", path.display()))?;
    let submission = |(name, entry): (String, Entry)| {
        let who = entry.submitters.into_iter().filter_map(|Submitter { name, sid, email }| {
            let ids: Vec<String> = [sid, email].into_iter().flatten().filter(|id| !id.is_empty()).collect();
            let key = name.or_else(|| ids.first().cloned())?;
            Some(Who { key, ids })
        });
        let time = |text: String| {
            seconds(&text).with_context(|| format!("{}: `{text}` is not a time with its zone", path.display()))
        };
        let handed_in = entry.created_at.map(time).transpose()?;
        Ok((name, Submission { who: who.collect(), handed_in }))
    };
    entries.into_iter().map(submission).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_says_who_and_when() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(METADATA);
        let text = "---\nsubmission_71:\n  :submitters:\n  - :name: Jane Doe\n    :sid: '0017'\n    :email: jane@example.org\n  \
                    :created_at: 2026-11-20 23:10:05.123456000 Z\n  :score: 0.0\n  :status: processed\n  :results:\n    tests: []\n  \
                    :history: []\nsubmission_72:\n  :submitters: []\n  :created_at: 2026-11-20 23:10:05 UTC\n";
        std::fs::write(&path, text).unwrap();
        let all = read(&path).unwrap();
        let jane = &all["submission_71"];
        assert_eq!(jane.who, [Who { key: "Jane Doe".into(), ids: vec!["0017".into(), "jane@example.org".into()] }]);
        assert_eq!(jane.handed_in, seconds("2026-11-20T23:10:05Z"));
        assert!(all["submission_72"].who.is_empty());
        assert_eq!(all["submission_72"].handed_in, jane.handed_in);
        std::fs::write(&path, text.replace(" UTC", " o'clock")).unwrap();
        let said = read(&path).err().unwrap().to_string();
        assert!(said.contains("`2026-11-20 23:10:05 o'clock` is not a time"), "{said}");
    }
}
