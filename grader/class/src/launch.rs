//! `class launch`: the scripts that grade a class on several machines, each a shard, by engines that exist.

use std::{env, io::Write, path::absolute};

use anyhow::{Context, Result};
use course::{Course, UsageError, files};

use crate::{
    cli::{Engine, LaunchArgs},
    collect::new_seed,
};

pub(crate) fn run(course: &Course, args: &LaunchArgs) -> Result<()> {
    if args.shards == 0 || args.shards > 10_000 {
        return Err(
            UsageError("a class is cut into 1 to 10000 shards; four times as many as cores is enough".into()).into()
        );
    }
    let seed = match args.seed {
        Some(seed) => seed,
        None => new_seed()?,
    };
    let path = |path| -> Result<String> {
        let path = absolute(path).context("the current folder is gone")?;
        path.to_str().map(str::to_owned).context("a path is not UTF-8, and cannot be written to a script")
    };
    let program = env::current_exe().context("cannot tell where this program is")?;
    let launch = Launch {
        program: quoted(&path(&program)?),
        course: quoted(&path(&course.root)?),
        submissions: quoted(&path(&args.submissions)?),
        to: quoted(&path(&args.to)?),
        seed,
        args,
    };
    let script = match args.on {
        Engine::Slurm => launch.slurm(),
        Engine::Kubernetes => launch.kubernetes()?,
        Engine::Github => launch.github(),
        Engine::Gitlab => launch.gitlab(),
        Engine::Parallel => launch.parallel(),
    };
    match &args.script {
        Some(file) => files::write_atomically(file, script.as_bytes())?,
        // As it is: a script is read by a shell. A reader that has seen enough, such as `head`, is no fault.
        None => drop(std::io::stdout().write_all(script.as_bytes())),
    }
    Ok(())
}

/// What goes into a script, fit for a shell.
struct Launch<'a> {
    program: String,
    course: String,
    submissions: String,
    to: String,
    seed: u64,
    args: &'a LaunchArgs,
}

impl Launch<'_> {
    /// The command for a shard whose number the shell has in `number`.
    fn grade(&self, number: &str) -> String {
        let Self { program, course, submissions, to, seed, args } = self;
        format!("{program} {course} grade {submissions} --to {to} --seed {seed} --shard {number}/{}", args.shards)
    }

    fn merge(&self) -> String {
        format!("{} {} merge --to {}", self.program, self.course, self.to)
    }

    fn slurm(&self) -> String {
        let options: String = self.args.option.iter().map(|option| format!("#SBATCH {}\n", one_line(option))).collect();
        format!(
            "#!/bin/bash\n\
             # Grades a class as a job array; a task is a shard. Submit it with sbatch, and again if a task has failed: what is\n\
             # graded is not graded again. When all tasks have ended:\n\
             #   {merge}\n\
             #SBATCH --job-name=class\n\
             #SBATCH --array=1-{shards}\n\
             #SBATCH --requeue\n\
             #SBATCH --open-mode=append\n\
             #SBATCH --output=class-%a.out\n\
             {options}\
             # Tasks beyond the cluster's limit are refused by sbatch: `scontrol show config | grep MaxArraySize`.\n\
             {grade}\n\
             # 1 means that something is not clear, which `merge` tells again; the shard itself is done.\n\
             status=$?; ((status == 1)) && status=0; exit \"$status\"\n",
            merge = self.merge(),
            shards = self.args.shards,
            grade = self.grade("\"$SLURM_ARRAY_TASK_ID\""),
        )
    }

    /// A manifest as JSON, which kubectl reads as it does YAML.
    fn kubernetes(&self) -> Result<String> {
        let LaunchArgs { shards, image, claim, .. } = self.args;
        let grade = format!(
            "/course/target/debug/class /course grade /class/submissions --to /class/class.db --seed {} --shard \
             $((JOB_COMPLETION_INDEX + 1))/{shards}; status=$?; [ $status = 1 ] && status=0; exit $status",
            self.seed
        );
        let job = serde_json::json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": { "name": "class" },
            "spec": {
                "completionMode": "Indexed",
                "completions": shards,
                "parallelism": shards,
                // A shard that fails takes none of the others with it.
                "backoffLimitPerIndex": 3,
                "podReplacementPolicy": "Failed",
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "automountServiceAccountToken": false,
                        "securityContext": {
                            "runAsNonRoot": true,
                            "runAsUser": 1000,
                            "fsGroup": 1000,
                            "seccompProfile": { "type": "RuntimeDefault" },
                        },
                        "containers": [{
                            "name": "grade",
                            "image": image,
                            "command": ["sh", "-c", grade],
                            // Where it compiles; the sandbox is the default, and without one nothing is graded.
                            "env": [
                                { "name": "CARGO_TARGET_DIR", "value": "/work" },
                                { "name": "TMPDIR", "value": "/work" },
                            ],
                            "resources": {
                                "requests": { "cpu": "1", "memory": "3Gi" },
                                "limits": { "memory": "6Gi" },
                            },
                            "securityContext": {
                                "readOnlyRootFilesystem": true,
                                "allowPrivilegeEscalation": false,
                                "capabilities": { "drop": ["ALL"] },
                            },
                            "volumeMounts": [
                                { "name": "class", "mountPath": "/class" },
                                { "name": "work", "mountPath": "/work" },
                            ],
                        }],
                        "volumes": [
                            { "name": "class", "persistentVolumeClaim": { "claimName": claim } },
                            { "name": "work", "emptyDir": { "sizeLimit": "8Gi" } },
                        ],
                    },
                },
            },
        });
        Ok(serde_json::to_string_pretty(&job)? + "\n")
    }

    fn github(&self) -> String {
        let numbers = self.numbers();
        format!(
            "name: Class\n\
             # In the private repository of the course, with the submissions in `submissions`.\n\
             on: workflow_dispatch\n\
             permissions:\n  contents: read\n\
             jobs:\n\
             \x20 grade:\n\
             \x20   runs-on: ubuntu-latest\n\
             \x20   strategy:\n\
             \x20     fail-fast: false\n\
             \x20     matrix:\n\
             \x20       shard: [{numbers}]\n\
             \x20   steps:\n\
             \x20     - uses: actions/checkout@v5\n\
             \x20       with:\n\
             \x20         persist-credentials: false\n\
             \x20     - run: cargo run -q -p grader -- class grade submissions --seed {seed} --shard ${{{{ matrix.shard }}}}/{shards} || [ $? = 1 ]\n\
             \x20     - uses: actions/upload-artifact@v4\n\
             \x20       with:\n\
             \x20         name: shard-${{{{ matrix.shard }}}}\n\
             \x20         path: class.*.jsonl\n\
             \x20 merge:\n\
             \x20   needs: grade\n\
             \x20   runs-on: ubuntu-latest\n\
             \x20   steps:\n\
             \x20     - uses: actions/checkout@v5\n\
             \x20       with:\n\
             \x20         persist-credentials: false\n\
             \x20     - uses: actions/download-artifact@v5\n\
             \x20       with:\n\
             \x20         merge-multiple: true\n\
             \x20     - run: cargo run -q -p grader -- class merge || [ $? = 1 ]\n\
             \x20     - uses: actions/upload-artifact@v4\n\
             \x20       with:\n\
             \x20         name: class\n\
             \x20         path: |\n\
             \x20           class.db\n\
             \x20           class.jsonl\n",
            seed = self.seed,
            shards = self.args.shards,
        )
    }

    fn gitlab(&self) -> String {
        format!(
            "# In the private project of the course, with the submissions in `submissions`.\n\
             stages: [grade, merge]\n\
             default:\n\
             \x20 image: rust:1\n\
             grade:\n\
             \x20 stage: grade\n\
             \x20 parallel: {shards}\n\
             \x20 script:\n\
             \x20   - cargo run -q -p grader -- class grade submissions --seed {seed} --shard \"$CI_NODE_INDEX/$CI_NODE_TOTAL\" || [ $? = 1 ]\n\
             \x20 artifacts:\n\
             \x20   paths: [class.*.jsonl]\n\
             merge:\n\
             \x20 stage: merge\n\
             \x20 script:\n\
             \x20   - cargo run -q -p grader -- class merge || [ $? = 1 ]\n\
             \x20 artifacts:\n\
             \x20   paths: [class.db, class.jsonl]\n",
            seed = self.seed,
            shards = self.args.shards,
        )
    }

    fn numbers(&self) -> String {
        (1..=self.args.shards).map(|number| number.to_string()).collect::<Vec<_>>().join(", ")
    }

    fn parallel(&self) -> String {
        // `:` is this machine.
        let hosts = if self.args.host.is_empty() { ":".to_owned() } else { self.args.host.join(",") };
        format!(
            "#!/bin/sh\n\
             # Grades a class with GNU parallel. Every machine sees the same folders under the same names. Run it again if a\n\
             # machine has failed: what is graded is not graded again.\n\
             parallel --sshlogin {hosts} --jobs 1 --retries 3 --line-buffer --tag --quote sh -c {grade} \\\n\
             \x20   ::: $(seq {shards}) || exit\n\
             {merge}\n",
            hosts = quoted(&hosts),
            grade = quoted(&format!("{}; test $? -le 1", self.grade("{}"))),
            shards = self.args.shards,
            merge = self.merge(),
        )
    }
}

/// A text as one word of a shell's.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:,@=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted("/a/b.db"), "/a/b.db");
        assert_eq!(quoted("/a b/it's"), r"'/a b/it'\''s'");
        assert_eq!(quoted(""), "''");
        assert_eq!(one_line("--partition=a\n#SBATCH --x"), "--partition=a #SBATCH --x");
    }
}
