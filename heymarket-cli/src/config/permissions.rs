//! Permissions of the config file and its folders.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::failure::Failure;

/// Rejects a config file that other users can read or replace.
#[cfg(unix)]
pub(super) fn check(path: &Path, file: &File) -> Result<(), Failure> {
    let failed = |error| crate::files::failed(path, error);
    let found = Ownership::of(&file.metadata().map_err(failed)?);
    found.must_be_private(path, crate::files::user())?;
    // Of a symbolic link, its own folder and that of its target.
    let target = fs::canonicalize(path).map_err(failed)?;
    for place in [path, &target] {
        let folder = match place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let found = Ownership::of(&fs::metadata(folder).map_err(failed)?);
        found.must_be_safe(folder, crate::files::user())?;
    }
    Ok(())
}

/// Other platforms restrict the folder of the user's settings themselves.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: &File) -> Result<(), Failure> {
    Ok(())
}

/// The owner and the mode of a file or a folder.
#[cfg(unix)]
struct Ownership {
    owner: u32,
    mode: u32,
}

#[cfg(unix)]
impl Ownership {
    fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            owner: metadata.uid(),
            mode: metadata.mode() & 0o777,
        }
    }

    /// Rejects a file that anyone but the user may read or write.
    fn must_be_private(&self, path: &Path, user: u32) -> Result<(), Failure> {
        if self.owner != user {
            return Err(self.other_owner(path));
        }
        if self.mode & 0o077 != 0 {
            return Err(self.too_open(path, "holds secrets", "read or write it", 600));
        }
        Ok(())
    }

    /// Rejects a folder in which anyone but the user and root may replace files.
    fn must_be_safe(&self, path: &Path, user: u32) -> Result<(), Failure> {
        if self.owner != user && self.owner != 0 {
            return Err(self.other_owner(path));
        }
        if self.mode & 0o022 != 0 {
            return Err(self.too_open(path, "holds the config file", "replace it", 700));
        }
        Ok(())
    }

    fn other_owner(&self, path: &Path) -> Failure {
        Failure::credentials(format!(
            "{} belongs to another user (ID {}); change its owner with chown, or set \
             HEYMARKET_CONFIG_DIR to another folder",
            path.display(),
            self.owner
        ))
    }

    fn too_open(&self, path: &Path, what: &str, may: &str, right: u32) -> Failure {
        let shown = path.display();
        let quoted = crate::shell::quoted(&shown.to_string());
        Failure::credentials(format!(
            "{shown} {what}, but other users may {may} (mode {:03o}); run: chmod {right} {quoted}",
            self.mode
        ))
    }
}

/// Creates a folder and its parents with mode 0700.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::Ownership;
    use std::path::Path;

    #[test]
    fn a_file_of_secrets_is_the_users_with_mode_0600() {
        let is_private = |owner, mode| {
            let found = Ownership { owner, mode };
            found.must_be_private(Path::new("/a"), 1000).is_ok()
        };
        assert!(is_private(1000, 0o600) && is_private(1000, 0o400));
        for (owner, mode) in [(1001, 0o600), (0, 0o600), (1000, 0o640), (1000, 0o604)] {
            assert!(!is_private(owner, mode), "{owner} {mode:o}");
        }
    }

    #[test]
    fn only_the_user_and_root_may_write_to_a_folder() {
        let is_safe = |owner, mode| {
            let found = Ownership { owner, mode };
            found.must_be_safe(Path::new("/a"), 1000).is_ok()
        };
        assert!(is_safe(1000, 0o700) && is_safe(0, 0o755));
        for (owner, mode) in [(1001, 0o700), (1000, 0o720), (0, 0o702)] {
            assert!(!is_safe(owner, mode), "{owner} {mode:o}");
        }
    }
}
