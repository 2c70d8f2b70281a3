//! What a class costs: `cargo test -p class --test thousand`, with `COUNT=200` for fewer than 1,000 submissions.
//!
//! It makes submissions to exercise 4 from its variants, no two of them the same, grades them, and grades them again. It
//! says how many processor seconds each one took, how busy the machine was, how much memory the program had on the way, and
//! how long the second run took, which has nothing to do.

#[cfg(target_os = "linux")]
mod common;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
    #[cfg(not(target_os = "linux"))]
    println!("This is measured on Linux.");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        env, fs,
        path::Path,
        process::{Child, Command},
        thread,
        time::{Duration, Instant},
    };

    use nix::sys::resource::{UsageWho, getrusage};

    pub(crate) fn main() {
        let count = env::var("COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(1000);
        let course = super::common::course();
        let folder = tempfile::tempdir().unwrap();
        let submissions = folder.path().join("submissions");
        fs::create_dir(&submissions).unwrap();
        let warm = submissions.with_file_name("warm");
        for (number, code) in super::common::answers("04_mae", count + 1).enumerate() {
            // The first one is for the crates and the judge, which a class is not charged with.
            let above = if number == 0 { &warm } else { &submissions };
            let src = above.join(format!("student{number}/exercises/04_mae/src"));
            fs::create_dir_all(&src).unwrap();
            fs::write(src.join("lib.rs"), code).unwrap();
        }
        let start = |submissions: &Path, to: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_class"));
            command.arg(&course).arg("grade").arg(submissions).args(["--to", to]).current_dir(folder.path());
            command.spawn().unwrap()
        };
        start(&warm, "warm.db").wait().unwrap();

        let (used, idle, begun) = (processor(), idle(), Instant::now());
        let mut child = start(&submissions, "class.db");
        let memory = watch(&mut child, &folder.path().join("class.jsonl"), count);
        let wall = begun.elapsed().as_secs_f64();
        let used = processor() - used;
        let cores = thread::available_parallelism().unwrap().get() as f64;
        println!(
            "{count} submissions, each other code: {:.3} processor seconds each, {wall:.0} s in all",
            used / count as f64
        );
        let idle = (super::linux::idle() - idle) / (wall * cores);
        let share = used / (wall * cores);
        println!("{:.1} % of {cores} cores were ours, {:.1} % were idle", 100.0 * share, 100.0 * idle);
        let text: Vec<String> =
            memory.iter().map(|(done, kib)| format!("{:.1} MiB after {done}", *kib as f64 / 1024.0)).collect();
        println!("memory of the program itself: {}", text.join(", "));

        let begun = Instant::now();
        start(&submissions, "class.db").wait().unwrap();
        println!("again, with nothing to do: {:.1} s", begun.elapsed().as_secs_f64());
    }

    /// Waits for the end, and looks at the memory after each quarter.
    fn watch(child: &mut Child, records: &Path, count: usize) -> Vec<(usize, u64)> {
        let mut memory = Vec::new();
        let status = format!("/proc/{}/status", child.id());
        while child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(500));
            let text = fs::read_to_string(records).unwrap_or_default();
            let done = text.lines().filter(|line| line.starts_with("{\"result\"")).count();
            let quarter = (memory.len() + 1) * count / 4;
            let status = fs::read_to_string(&status).unwrap_or_default();
            let resident =
                status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
            if let (true, Some(resident)) = (done > 0 && done >= quarter.saturating_sub(2), resident) {
                memory.push((done, resident));
            }
        }
        memory
    }

    /// Processor seconds of all children that have ended, and of theirs.
    fn processor() -> f64 {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
        let seconds = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
        seconds(usage.user_time()) + seconds(usage.system_time())
    }

    /// Seconds that all cores together had nothing to do since the machine was started.
    fn idle() -> f64 {
        let stat = fs::read_to_string("/proc/stat").unwrap();
        let cells: Vec<f64> =
            stat.lines().next().unwrap().split_whitespace().skip(1).map(|it| it.parse().unwrap()).collect();
        (cells[3] + cells[4]) / 100.0
    }
}
