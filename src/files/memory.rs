//! How much memory there is: what the machine has, or what its owner allows (`cgroup`).

use std::path::Path;

/// Share of the memory that a process may take where nothing is said.
const SHARE: f64 = 0.75;

/// Bytes that a process may take: three quarters of the machine's memory or of the limit of its control group; none
/// where the system does not tell.
pub fn allowed() -> Option<u64> {
    let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let machine = of_meminfo(&text("/proc/meminfo"));
    let groups = text("/proc/self/cgroup");
    let limits = paths(&groups).into_iter().filter_map(|p| of_limit(&std::fs::read_to_string(p).ok()?));
    let least = machine.into_iter().chain(limits).min()?;
    Some((least as f64 * SHARE) as u64)
}

fn of_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The files that may hold a limit, of both versions of control groups, from the process's own group to the root.
fn paths(groups: &str) -> Vec<std::path::PathBuf> {
    let mut found = vec![];
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            c if c.split(',').any(|c| c == "memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        let group = Path::new(group.trim_start_matches('/'));
        found.extend(group.ancestors().map(|g| Path::new(root).join(g).join(file)));
    }
    found
}

/// A limit in bytes; `max` is none.
fn of_limit(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_the_kernel_writes_them() {
        assert_eq!(of_meminfo("MemTotal:       24683520 kB\nMemFree: 1 kB\n"), Some(24_683_520 * 1024));
        assert_eq!((of_limit("max\n"), of_limit("536870912\n")), (None, Some(536_870_912)));
        let shown: Vec<String> =
            paths("0::/a/b\n4:memory,cpu:/c\n").iter().map(|p| p.display().to_string()).collect();
        assert_eq!(
            shown,
            [
                "/sys/fs/cgroup/a/b/memory.max",
                "/sys/fs/cgroup/a/memory.max",
                "/sys/fs/cgroup/memory.max",
                "/sys/fs/cgroup/memory/c/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes"
            ]
        );
    }
}
