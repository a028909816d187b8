//! Who may read and replace the file of the profiles.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::failure::Failure;

/// Refuses a file that others can read or replace.
#[cfg(unix)]
pub(super) fn check(path: &Path, file: &File) -> Result<(), Failure> {
    let failed = |error| crate::files::failed(path, error);
    let found = Found::of(&file.metadata().map_err(failed)?);
    found.must_be_private(path, crate::files::user())?;
    // Of a link, both the folder that it is in and that of its target.
    let target = fs::canonicalize(path).map_err(failed)?;
    for place in [path, &target] {
        let folder = match place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let found = Found::of(&fs::metadata(folder).map_err(failed)?);
        found.must_be_safe(folder, crate::files::user())?;
    }
    Ok(())
}

/// Elsewhere the folder of the user's settings has the rights.
#[cfg(not(unix))]
pub(super) fn check(_: &Path, _: &File) -> Result<(), Failure> {
    Ok(())
}

/// The owner and the rights of a file or a folder.
#[cfg(unix)]
struct Found {
    owner: u32,
    mode: u32,
}

#[cfg(unix)]
impl Found {
    fn of(metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            owner: metadata.uid(),
            mode: metadata.mode() & 0o777,
        }
    }

    /// Refuses a file that anybody but the user may read or write.
    fn must_be_private(&self, path: &Path, user: u32) -> Result<(), Failure> {
        if self.owner != user {
            return Err(self.of_another(path));
        }
        if self.mode & 0o077 != 0 {
            return Err(self.open_to_others(path, "holds secrets", "use it", 600));
        }
        Ok(())
    }

    /// Refuses a folder in which anybody but the user and root may replace files.
    fn must_be_safe(&self, path: &Path, user: u32) -> Result<(), Failure> {
        if self.owner != user && self.owner != 0 {
            return Err(self.of_another(path));
        }
        if self.mode & 0o022 != 0 {
            return Err(self.open_to_others(path, "holds the profiles", "replace them", 700));
        }
        Ok(())
    }

    fn of_another(&self, path: &Path) -> Failure {
        Failure::credentials(format!(
            "{} belongs to another user, whose id is {}, and profiles are used by their owner \
             only; give it to yourself with chown, or set HEYMARKET_CONFIG_DIR to another folder",
            path.display(),
            self.owner
        ))
    }

    fn open_to_others(&self, path: &Path, what: &str, may: &str, right: u32) -> Failure {
        let shown = path.display();
        let quoted = crate::safety::quoted(&shown.to_string());
        Failure::credentials(format!(
            "{shown} {what}, and others than its owner may {may} (its mode is {:03o}); run: \
             chmod {right} {quoted}",
            self.mode
        ))
    }
}

/// Makes a folder, for its owner only.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(all(test, unix))]
mod tests {
    use super::Found;
    use std::path::Path;

    #[test]
    fn only_the_users_own_closed_file_holds_secrets() {
        let is_private = |owner, mode| {
            let found = Found { owner, mode };
            found.must_be_private(Path::new("/a"), 1000).is_ok()
        };
        assert!(is_private(1000, 0o600) && is_private(1000, 0o400));
        for (owner, mode) in [(1001, 0o600), (0, 0o600), (1000, 0o640), (1000, 0o604)] {
            assert!(!is_private(owner, mode), "{owner} {mode:o}");
        }
    }

    #[test]
    fn a_folder_is_the_users_or_roots_and_closed_to_writers() {
        let is_safe = |owner, mode| {
            let found = Found { owner, mode };
            found.must_be_safe(Path::new("/a"), 1000).is_ok()
        };
        assert!(is_safe(1000, 0o700) && is_safe(0, 0o755));
        for (owner, mode) in [(1001, 0o700), (1000, 0o720), (0, 0o702)] {
            assert!(!is_safe(owner, mode), "{owner} {mode:o}");
        }
    }
}
