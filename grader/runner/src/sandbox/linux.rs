//! The sandbox of Linux: Landlock, seccomp and resource limits, all of which bind the process that has accepted them,
//! even root.

use std::{collections::BTreeMap, env::consts::ARCH, fs};

use anyhow::{Context, Result, ensure};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, PathFdError, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
};
use libc::c_long;
use nix::{
    sys::{
        prctl,
        resource::{Resource, getrlimit, setrlimit},
        signal::Signal,
    },
    unistd::{Pid, close, getppid, setsid},
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};

use super::{Calls, Profile};

/// The versions of Landlock to begin with, and that this was tested with. The first one lets nothing move from one
/// folder to another, which rustc does; what those after the second add (truncating, the network, signals), seccomp rules
/// out as well.
const OLDEST: ABI = ABI::V2;
const NEWEST: ABI = ABI::V6;

/// What this kernel does not have.
pub(super) fn missing() -> Option<&'static str> {
    if TargetArch::try_from(ARCH).is_err() {
        return Some("seccomp filters cannot be made for this processor");
    }
    if !fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nSeccomp:")) {
        return Some("the kernel has no seccomp, or /proc is not there");
    }
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(OLDEST))
        .and_then(Ruleset::create);
    ruleset.is_err().then_some("the kernel has no Landlock, an old one, or it is switched off")
}

/// Gives up every right that `profile` does not name, in an order in which each step still may be taken.
pub(super) fn restrict_self(profile: &Profile, parent: i32) -> Result<()> {
    // No terminal, nothing left behind when the grader is killed.
    setsid().context("no session of its own")?;
    prctl::set_pdeathsig(Signal::SIGKILL).context("no signal at the grader's death")?;
    ensure!(getppid() == Pid::from_raw(parent), "the grader has ended");
    close_inherited_files()?;
    limit_resources(profile).context("no resource limits")?;
    restrict_files(profile).context("no Landlock")?;
    restrict_calls(profile.calls).context("no seccomp")
}

/// Whatever the grader was started with, and every program after it: a job server's pipe, a secret.
fn close_inherited_files() -> Result<()> {
    let open: Vec<i32> = fs::read_dir("/proc/self/fd")
        .context("cannot tell which files are open")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for descriptor in open.into_iter().filter(|&descriptor| descriptor > 2) {
        // One of them was the folder being read, and is closed already.
        let _ = close(descriptor);
    }
    Ok(())
}

fn limit_resources(profile: &Profile) -> Result<()> {
    const MIB: u64 = 1 << 20;
    for (resource, soft, hard) in [
        // A signal at the limit, which names the cause; the end a second later.
        (Resource::RLIMIT_CPU, profile.cpu_seconds, profile.cpu_seconds + 1),
        (Resource::RLIMIT_AS, profile.memory_mib * MIB, profile.memory_mib * MIB),
        (Resource::RLIMIT_FSIZE, profile.file_mib * MIB, profile.file_mib * MIB),
        (Resource::RLIMIT_NOFILE, profile.files, profile.files),
        (Resource::RLIMIT_STACK, 8 * MIB, 64 * MIB),
        (Resource::RLIMIT_CORE, 0, 0),
    ] {
        // The limits of the grader itself may be lower, and cannot be raised.
        let (_, most) = getrlimit(resource).with_context(|| format!("{resource:?}"))?;
        setrlimit(resource, soft.min(most), hard.min(most)).with_context(|| format!("{resource:?}"))?;
    }
    Ok(())
}

fn restrict_files(profile: &Profile) -> Result<()> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // Ordinary files and folders: no link that could point elsewhere, no pipe that could block its reader.
    let special = AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeSock
        | AccessFs::MakeFifo
        | AccessFs::MakeSym
        | AccessFs::IoctlDev
        | AccessFs::Execute;
    let grants: [(_, BitFlags<AccessFs>); 4] = [
        (&profile.read, read),
        (&profile.list, AccessFs::ReadDir.into()),
        (&profile.execute, read | AccessFs::Execute),
        (&profile.write, AccessFs::from_all(NEWEST) & !special),
    ];
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(OLDEST))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for (paths, access) in grants {
        for path in paths {
            let opened = match PathFd::new(path) {
                Ok(opened) => opened,
                // Systems differ in which folders they have.
                Err(PathFdError::OpenCall { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error.into()),
            };
            let access = if path.is_dir() { access } else { access & AccessFs::from_file(NEWEST) };
            ruleset = ruleset.add_rule(PathBeneath::new(opened, access))?;
        }
    }
    let status = ruleset.restrict_self()?;
    ensure!(status.ruleset != RulesetStatus::NotEnforced, "the kernel does not enforce it");
    Ok(())
}

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

fn restrict_calls(calls: Calls) -> Result<()> {
    // The flags of `clone3` are out of a filter's reach. Where it does not exist, C libraries and rayon use `clone`; any
    // other error would be a failure to them. First, because the next filter may forbid the call that installs this one.
    install([(libc::SYS_clone3, Vec::new())].into(), SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
    let denied = SeccompAction::Errno(libc::EPERM as u32);
    match calls {
        Calls::Few => install(few()?, denied, SeccompAction::Allow),
        Calls::Compiler | Calls::Linker => install(dangerous(calls)?, SeccompAction::Allow, denied),
    }
}

/// Answers the calls in `rules` with `listed`, and all others with `others`. Another architecture's calls, such as those
/// of 32-bit programs, end the process.
fn install(rules: Rules, others: SeccompAction, listed: SeccompAction) -> Result<()> {
    let program: BpfProgram = SeccompFilter::new(rules, others, listed, ARCH.try_into()?)?.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}

/// A rule for calls whose argument number `argument`, as far as `mask` shows it, is `value`.
fn when(argument: u8, mask: u64, value: u64) -> Result<SeccompRule> {
    let operator = if mask == u64::MAX { SeccompCmpOp::Eq } else { SeccompCmpOp::MaskedEq(mask) };
    let length = if mask == u64::MAX { SeccompCmpArgLen::Qword } else { SeccompCmpArgLen::Dword };
    Ok(SeccompRule::new(vec![SeccompCondition::new(argument, length, operator, value)?])?)
}

/// For comparing 32-bit arguments, whose upper half in a register may be anything.
const INT: u64 = 0xffff_ffff;

/// What computing, threads, printing and a panic's backtrace need.
fn few() -> Result<Rules> {
    #[rustfmt::skip]
    let calls = [
        // memory
        libc::SYS_brk, libc::SYS_mmap, libc::SYS_munmap, libc::SYS_mprotect, libc::SYS_mremap, libc::SYS_madvise,
        // files: Landlock says which
        libc::SYS_close, libc::SYS_read, libc::SYS_write, libc::SYS_readv, libc::SYS_writev,
        libc::SYS_pread64, libc::SYS_lseek, libc::SYS_fstat, libc::SYS_newfstatat, libc::SYS_statx, libc::SYS_readlinkat,
        libc::SYS_getcwd, libc::SYS_dup, libc::SYS_dup3, libc::SYS_ppoll,
        // threads, time, chance
        libc::SYS_futex, libc::SYS_sched_yield, libc::SYS_sched_getaffinity, libc::SYS_gettid, libc::SYS_getpid,
        libc::SYS_set_tid_address, libc::SYS_set_robust_list, libc::SYS_rseq, libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep, libc::SYS_nanosleep, libc::SYS_restart_syscall, libc::SYS_getrandom, libc::SYS_uname,
        // signals of its own, and the end
        libc::SYS_rt_sigaction, libc::SYS_rt_sigprocmask, libc::SYS_rt_sigreturn, libc::SYS_sigaltstack,
        libc::SYS_execve, libc::SYS_exit, libc::SYS_exit_group,
        // answered by the filter before this one: of two errors the kernel takes the later filter's
        libc::SYS_clone3,
    ];
    let mut rules: Rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
    #[cfg(target_arch = "x86_64")]
    {
        let older = [libc::SYS_arch_prctl, libc::SYS_dup2, libc::SYS_poll, libc::SYS_access, libc::SYS_readlink];
        rules.extend(older.map(|call| (call, Vec::new())));
    }
    // Threads, no processes.
    rules.insert(libc::SYS_clone, vec![when(0, libc::CLONE_THREAD as u64, libc::CLONE_THREAD as u64)?]);
    // A file that is opened only to be read can be emptied by that; before its version 3 Landlock does not see it.
    rules.insert(libc::SYS_openat, vec![when(2, libc::O_TRUNC as u64, 0)?]);
    // `abort` signals the own process, whose number stays the same. An open pipe must not be told to signal others.
    rules.insert(libc::SYS_tgkill, vec![when(0, INT, u64::from(std::process::id()))?]);
    let harmless = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL, libc::F_DUPFD_CLOEXEC];
    rules.insert(
        libc::SYS_fcntl,
        harmless.map(|command| when(1, INT, command as u64)).into_iter().collect::<Result<_>>()?,
    );
    // Names of threads and of memory; limits may be read.
    const PR_SET_VMA: u64 = 0x5356_4d41;
    rules.insert(libc::SYS_prctl, vec![when(0, INT, libc::PR_SET_NAME as u64)?, when(0, INT, PR_SET_VMA)?]);
    rules.insert(libc::SYS_prlimit64, vec![when(2, u64::MAX, 0)?]);
    Ok(rules)
}

/// What neither a compiler nor a linker needs and a stranger's code could use, if it ever came to run in one: the
/// network, other processes, the kernel, and what Landlock does not see.
fn dangerous(calls: Calls) -> Result<Rules> {
    #[rustfmt::skip]
    let refused = [
        libc::SYS_socket, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter,
        libc::SYS_io_uring_register,
        // other processes
        libc::SYS_ptrace, libc::SYS_process_vm_readv, libc::SYS_process_vm_writev, libc::SYS_process_madvise,
        libc::SYS_pidfd_open, libc::SYS_pidfd_getfd, libc::SYS_pidfd_send_signal, libc::SYS_kcmp, libc::SYS_kill,
        libc::SYS_tkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo, libc::SYS_setsid, libc::SYS_setpgid,
        libc::SYS_setpriority, libc::SYS_sched_setscheduler, libc::SYS_sched_setattr,
        // what files have besides their contents
        libc::SYS_truncate, libc::SYS_openat2, libc::SYS_fchmod, libc::SYS_fchmodat, libc::SYS_fchown, libc::SYS_fchownat,
        libc::SYS_utimensat, libc::SYS_setxattr, libc::SYS_lsetxattr, libc::SYS_fsetxattr, libc::SYS_removexattr,
        libc::SYS_lremovexattr, libc::SYS_fremovexattr,
        // what stays when the process ends
        libc::SYS_shmget, libc::SYS_msgget, libc::SYS_semget, libc::SYS_mq_open, libc::SYS_add_key,
        libc::SYS_request_key, libc::SYS_keyctl,
        // the system
        libc::SYS_mount, libc::SYS_umount2, libc::SYS_pivot_root, libc::SYS_chroot, libc::SYS_unshare, libc::SYS_setns,
        libc::SYS_fsopen, libc::SYS_fsmount, libc::SYS_move_mount, libc::SYS_open_tree, libc::SYS_mount_setattr,
        libc::SYS_open_by_handle_at, libc::SYS_bpf, libc::SYS_perf_event_open, libc::SYS_userfaultfd,
        libc::SYS_kexec_load, libc::SYS_init_module, libc::SYS_finit_module, libc::SYS_delete_module,
        libc::SYS_quotactl, libc::SYS_swapon, libc::SYS_swapoff, libc::SYS_reboot, libc::SYS_sethostname,
        libc::SYS_setdomainname, libc::SYS_clock_settime, libc::SYS_settimeofday, libc::SYS_acct,
    ];
    let mut rules: Rules = refused.into_iter().map(|call| (call, Vec::new())).collect();
    #[cfg(target_arch = "x86_64")]
    {
        let older = [
            libc::SYS_chmod,
            libc::SYS_chown,
            libc::SYS_lchown,
            libc::SYS_utime,
            libc::SYS_utimes,
            libc::SYS_futimesat,
        ];
        rules.extend(older.map(|call| (call, Vec::new())));
    }
    let emptied_when_read = (libc::O_ACCMODE | libc::O_TRUNC) as u64;
    rules.insert(libc::SYS_openat, vec![when(2, emptied_when_read, libc::O_TRUNC as u64)?]);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, vec![when(1, emptied_when_read, libc::O_TRUNC as u64)?]);
    for command in [libc::F_SETOWN, F_SETSIG, F_SETOWN_EX] {
        rules.entry(libc::SYS_fcntl).or_default().push(when(1, INT, command as u64)?);
    }
    rules.insert(libc::SYS_clone, vec![when(0, libc::CLONE_NEWUSER as u64, libc::CLONE_NEWUSER as u64)?]);
    if calls == Calls::Compiler {
        rules.insert(libc::SYS_clone, vec![when(0, libc::CLONE_THREAD as u64, 0)?]);
        #[cfg(target_arch = "x86_64")]
        rules.extend([libc::SYS_fork, libc::SYS_vfork].map(|call| (call, Vec::new())));
    }
    // The same calls have second numbers where the kernel knows the x32 ABI.
    #[cfg(target_arch = "x86_64")]
    {
        const X32: c_long = 0x4000_0000;
        rules.extend(rules.clone().into_iter().map(|(call, rules)| (call | X32, rules)));
    }
    Ok(rules)
}

/// Which signal an open file sends, and to whom; the libc crate does not name them everywhere.
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;
