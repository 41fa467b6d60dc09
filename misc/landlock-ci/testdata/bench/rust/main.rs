// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

// The worker in Rust: std's Command with a pre_exec that restricts the child
// by the crate landlock. See main.go for what a worker does.

use std::error::Error;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Instant;

use landlock::{
    ABI, Access, AccessFs, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr,
};

fn nanoseconds(who: libc::c_int) -> i64 {
    let mut r: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(who, &mut r) };
    (r.ru_utime.tv_sec + r.ru_stime.tv_sec) as i64 * 1_000_000_000
        + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) as i64 * 1000
}

fn new_ruleset() -> Result<RulesetCreated, Box<dyn Error>> {
    let rights = AccessFs::Execute | AccessFs::WriteFile | AccessFs::ReadFile | AccessFs::ReadDir;
    Ok(Ruleset::default()
        .handle_access(AccessFs::from_all(ABI::V5))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new("/")?, rights))?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (dir, git) = (&args[4], &args[5]);
    let programs = [
        vec![format!("{dir}/tiny")],
        vec![git.clone(), "--version".to_string()],
        vec![format!("{dir}/probe"), format!("{dir}/file")],
    ];
    let ruleset = new_ruleset()?;
    let mut stdin = io::stdin().lock();
    let mut stdout = io::stdout().lock();
    let mut command = [0u8; 16];
    loop {
        if stdin.read(&mut command[..1])? == 0 {
            return Ok(());
        }
        stdin.read_exact(&mut command[1..])?;
        let word = |i: usize| i32::from_ne_bytes(command[4 * i..4 * i + 4].try_into().unwrap());
        let (program, plain, count) = (word(0), word(1), word(3));
        let argv = &programs[program as usize];
        let parent = nanoseconds(libc::RUSAGE_SELF);
        let child = nanoseconds(libc::RUSAGE_CHILDREN);
        let began = Instant::now();
        let mut status = 0;
        for _ in 0..count {
            let mut cmd = Command::new(&argv[0]);
            cmd.args(&argv[1..]);
            cmd.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if plain == 0 {
                let mut own = Some(ruleset.try_clone()?);
                unsafe {
                    cmd.pre_exec(move || match own.take().map(|r| r.restrict_self()) {
                        Some(Ok(_)) => Ok(()),
                        _ => Err(io::Error::from_raw_os_error(libc::EPERM)),
                    });
                }
            }
            status = cmd.status()?.code().unwrap_or(-1);
        }
        let reply = [
            began.elapsed().as_nanos() as i64,
            nanoseconds(libc::RUSAGE_SELF) - parent,
            nanoseconds(libc::RUSAGE_CHILDREN) - child,
            status as i64,
        ];
        for v in reply {
            stdout.write_all(&v.to_ne_bytes())?;
        }
        stdout.flush()?;
    }
}
