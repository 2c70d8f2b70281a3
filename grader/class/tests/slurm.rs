//! A class on a cluster: `cargo test -p class --test slurm`, as root on Linux, with Debian's slurmctld, slurmd, slurm-client
//! and munge installed; `.ci/run` sees to that.
//!
//! A controller and two nodes on the loopback address get the script of `class launch slurm`: 200 units (`COUNT=40` for
//! fewer) in 8 shards. In the middle one node dies with all that runs on it. What is merged in the end is, byte for byte,
//! what one machine has made of the same class.

#[path = "common/mod.rs"]
mod common;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
    #[cfg(not(target_os = "linux"))]
    println!("Slurm runs on Linux.");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        env, fs,
        net::TcpListener,
        os::unix::fs::PermissionsExt,
        path::{Path, PathBuf},
        process::{Child, Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };

    use super::common::{Class, NO_CENTURIES, ONLY_FOURS, RIGHT, bytes, leap_years, said};

    const SHARDS: usize = 8;

    pub(crate) fn main() {
        let count: usize = env::var("COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(200);
        let class = Class::new();
        for number in 0..count {
            let body = [RIGHT, ONLY_FOURS, NO_CENTURIES][number % 3];
            let code = leap_years(&format!("let student = {number}; let _ = student; {body}"));
            class.hand_in(&format!("student{number}/01_leap_years/src/lib.rs"), &code);
        }
        let begun = Instant::now();
        class.grade(0, &["--seed", "5", "--to", "serial.db"]);
        println!("serial: {count} units in {:.0} s", begun.elapsed().as_secs_f64());

        let begun = Instant::now();
        let mut cluster = Cluster::start(class.path("cluster"));
        let script = class.run(
            0,
            &[
                "launch",
                "slurm",
                "submissions",
                "--seed",
                "5",
                "--shards",
                "8",
                "--option=--cpus-per-task=1",
                "--option=--mem=0",
            ],
        );
        class.write("class.sbatch", &script);
        let mut sbatch = cluster.command("sbatch");
        sbatch.args(["--parsable", "class.sbatch"]).current_dir(class.folder.path());
        let output = sbatch.output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        // A node dies when a fifth is done.
        cluster.wait(&class, |done, _| done >= count / 5);
        let killed = cluster.kill_node("n2");
        println!("killed node n2 with {killed} processes after {} of {count} units", done(&class));
        assert!(killed > 1, "nothing ran on the node that was killed");
        cluster.wait(&class, |_, queue| queue.is_empty());
        println!("slurm: {count} units in {SHARDS} shards in {:.0} s, a node killed", begun.elapsed().as_secs_f64());
        println!("{}", cluster.ask("sinfo", &["--noheader", "--format", "%n %T"]).trim());
        println!("{}", class.run(0, &["merge"]));
        assert_eq!(class.ask("SELECT count(*) FROM result"), [count.to_string()]);
        assert!(
            bytes(&class.path("class.db")) == bytes(&class.path("serial.db")),
            "the merged database is another one"
        );
        println!("the merged database is that of the serial run");
    }

    /// How many units all shards have graded.
    fn done(class: &Class) -> usize {
        let read =
            |number| fs::read_to_string(class.path(&format!("class.{number}-of-{SHARDS}.jsonl"))).unwrap_or_default();
        let results = |text: String| text.lines().filter(|line| line.starts_with("{\"result\"")).count();
        (1..=SHARDS).map(|number| results(read(number))).sum()
    }

    /// Slurm's daemons, in a folder of their own. They end with this value.
    struct Cluster {
        folder: PathBuf,
        name: String,
        daemons: Vec<Daemon>,
    }

    struct Daemon {
        name: &'static str,
        process: Child,
    }

    impl Cluster {
        fn start(folder: PathBuf) -> Self {
            fs::create_dir_all(folder.join("state")).unwrap();
            let name = format!("class{}", std::process::id());
            let mut cluster = Self { folder, name, daemons: Vec::new() };
            let path = |name: &str| cluster.folder.join(name).to_str().unwrap().to_owned();
            fs::write(path("munge.key"), [7; 128]).unwrap();
            fs::set_permissions(path("munge.key"), fs::Permissions::from_mode(0o600)).unwrap();
            let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned();
            // Three ports that are free now.
            let listeners: Vec<TcpListener> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
            let ports: Vec<u16> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
            drop(listeners);
            let settings = format!(
                "ClusterName={name}\nSlurmctldHost={host}(127.0.0.1)\nSlurmctldPort={}\nSlurmUser=root\nSlurmdUser=root\n\
                 AuthType=auth/munge\nAuthInfo=socket={munge}\nCredType=cred/munge\n\
                 StateSaveLocation={state}\nSlurmdSpoolDir={spool}-%n\nSlurmctldPidFile={spool}-ctld.pid\n\
                 SlurmdPidFile={spool}-%n.pid\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nMpiDefault=none\n\
                 SwitchType=switch/none\nAccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/none\n\
                 SelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\nReturnToService=2\nSlurmdTimeout=10\n\
                 SlurmdParameters=config_overrides\nJobRequeue=1\n\
                 NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={} CPUs=2 State=UNKNOWN\n\
                 NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={} CPUs=2 State=UNKNOWN\n\
                 PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP\n",
                ports[0],
                ports[1],
                ports[2],
                name = cluster.name,
                munge = path("munge.socket"),
                state = path("state"),
                spool = path("slurmd"),
            );
            fs::write(path("slurm.conf"), settings).unwrap();
            let munged = [
                "--foreground".to_owned(),
                "--force".to_owned(),
                format!("--key-file={}", path("munge.key")),
                format!("--socket={}", path("munge.socket")),
                format!("--pid-file={}", path("munge.pid")),
                format!("--seed-file={}", path("munge.seed")),
                format!("--log-file={}", path("munge.log")),
            ];
            cluster.daemon("munged", "munged", &munged.each_ref().map(String::as_str));
            thread::sleep(Duration::from_secs(2));
            cluster.daemon("slurmctld", "slurmctld", &["-D"]);
            cluster.daemon("n1", "slurmd", &["-D", "-N", "n1"]);
            cluster.daemon("n2", "slurmd", &["-D", "-N", "n2"]);
            cluster
        }

        fn daemon(&mut self, name: &'static str, program: &str, arguments: &[&str]) {
            let log = fs::File::create(self.folder.join(format!("{name}.out"))).unwrap();
            let mut command = self.command(program);
            command.args(arguments).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
            let child = command.spawn().unwrap_or_else(|error| {
                panic!("{program}: {error}; install slurmctld, slurmd, slurm-client and munge")
            });
            self.daemons.push(Daemon { name, process: child });
        }

        fn command(&self, program: &str) -> Command {
            let at_home = Path::new("/usr/sbin").join(program);
            let mut command = Command::new(if at_home.is_file() { at_home } else { program.into() });
            command.env("SLURM_CONF", self.folder.join("slurm.conf"));
            command
        }

        fn ask(&self, program: &str, arguments: &[&str]) -> String {
            said(&self.command(program).args(arguments).output().unwrap())
        }

        /// What the daemons have written.
        fn said(&self) -> String {
            let log = |name: &str| fs::read_to_string(self.folder.join(format!("{name}.out"))).unwrap_or_default();
            ["munged", "slurmctld", "n1", "n2"].map(log).join("\n")
        }

        /// Waits until `is_over` of the units that are done and of the queue.
        fn wait(&mut self, class: &Class, is_over: impl Fn(usize, &str) -> bool) {
            let begun = Instant::now();
            loop {
                thread::sleep(Duration::from_millis(500));
                let queue = self.ask("squeue", &["--noheader", "--array", "--format", "%i %T %N %r"]);
                if is_over(done(class), queue.trim()) {
                    return;
                }
                // Of the second node only the controller has to know that it is gone.
                let said = self.said();
                for daemon in self.daemons.iter_mut().filter(|daemon| daemon.name != "n2") {
                    if let Some(status) = daemon.process.try_wait().unwrap() {
                        panic!("{} has ended ({status})\n{}", daemon.name, said);
                    }
                }
                if begun.elapsed() > Duration::from_secs(1500) {
                    panic!("{} done; the queue:\n{queue}\n{}", done(class), self.said());
                }
            }
        }

        /// Ends a node as a power cut does: what runs on it, and those who would tell the controller.
        fn kill_node(&self, node: &str) -> usize {
            let mut processes = Vec::new();
            for entry in fs::read_dir("/proc").unwrap().flatten() {
                let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
                let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
                let has =
                    |text: String| environment.split(|&byte| byte == 0).any(|variable| variable == text.as_bytes());
                if has(format!("SLURMD_NODENAME={node}")) && has(format!("SLURM_CLUSTER_NAME={}", self.name)) {
                    processes.push(id);
                }
            }
            // Those that have started a job and are none themselves.
            let parent = |id: &i32| -> Option<i32> {
                let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
                status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok())
            };
            let mut steps: Vec<i32> =
                processes.iter().filter_map(parent).filter(|id| !processes.contains(id) && *id > 1).collect();
            steps.sort_unstable();
            steps.dedup();
            let daemon =
                self.daemons.iter().find(|daemon| daemon.name == node).map(|daemon| daemon.process.id() as i32);
            let all: Vec<i32> = daemon.into_iter().chain(steps).chain(processes).collect();
            for id in &all {
                let _ = kill(Pid::from_raw(*id), Signal::SIGKILL);
            }
            all.len()
        }
    }

    impl Drop for Cluster {
        fn drop(&mut self) {
            let _ = self.command("scancel").args(["--user", "root"]).output();
            for mut daemon in self.daemons.drain(..).rev() {
                let _ = daemon.process.kill();
                let _ = daemon.process.wait();
            }
        }
    }
}
