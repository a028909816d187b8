//! A shell whose `curl` keeps what it is called with.

use std::path::Path;
use std::process::Command;

/// What a shell makes of a printed line in a folder: the arguments of each call
/// of `curl`, which is a stub. What else the line runs, it runs there.
#[track_caller]
pub(crate) fn curl_calls(
    folder: &Path,
    line: &str,
    variables: &[(&str, &str)],
) -> Vec<Vec<String>> {
    use std::os::unix::fs::PermissionsExt as _;
    let stub = folder.join("bin/curl");
    std::fs::create_dir_all(folder.join("bin")).expect("a folder");
    // A call ends with an empty argument, which no call has.
    std::fs::write(&stub, "#!/bin/sh\nprintf '%s\\0' \"$@\" '' >> calls\n").expect("a stub");
    let rights = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&stub, rights).expect("rights");
    let path = format!("{}:/usr/bin:/bin", folder.join("bin").display());
    let status = Command::new("/bin/sh")
        .args(["-eu", "-c", line])
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .envs(variables.iter().copied())
        .status();
    assert!(status.expect("a shell").success(), "{line}");
    let calls = std::fs::read_to_string(folder.join("calls")).expect("a call");
    let calls = calls.trim_end_matches('\0').split("\0\0");
    calls
        .map(|call| call.split('\0').map(str::to_owned).collect())
        .collect()
}
