//! Finds programs, and runs them as an ordinary user.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;

/// Debian keeps the programs of each version of PostgreSQL here.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Returns the path of a program: from `PATH`, or from the newest PostgreSQL of Debian.
pub(crate) fn find(program: &'static str, package: &'static str) -> Result<PathBuf, Error> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut found = env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file());
    if found.is_none() {
        let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
        found = versions
            .map(|version| version.path().join("bin").join(program))
            .filter(|path| path.is_file())
            .max_by_key(|path| version(path));
    }
    found.ok_or(Error::NotInstalled { program, package })
}

fn version(path: &Path) -> u32 {
    let name = path.ancestors().nth(2).and_then(Path::file_name);
    name.and_then(|name| name.to_str()?.parse().ok())
        .unwrap_or(0)
}

/// Returns a command that runs `program` in `folder`. PostgreSQL refuses root, so for
/// root the command runs as `daemon`.
pub(crate) fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    #[cfg(unix)]
    if let Some((user, group)) = ordinary_user() {
        use std::os::unix::process::CommandExt as _;
        command.uid(user).gid(group);
    }
    command
}

/// Gives a folder or a file to the user that [`command`] runs as.
pub(crate) fn give(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    if let Some((user, group)) = ordinary_user() {
        std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(Error::file(path))?;
    }
    Ok(())
}

/// Returns the user and the group of `daemon` if this process runs as root.
#[cfg(unix)]
pub(crate) fn ordinary_user() -> Option<(u32, u32)> {
    use nix::unistd::{Uid, User};
    if !Uid::effective().is_root() {
        return None;
    }
    let user = User::from_name("daemon").ok().flatten()?;
    Some((user.uid.as_raw(), user.gid.as_raw()))
}
