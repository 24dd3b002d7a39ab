//! Models, data and run folders that mean harm: each ends in a finding, within seconds and in bounded memory.
//!
//! `BNNC_BLESS=1 cargo test --release --test suite -- cli::hostile` writes the table in `docs/robustness.md`.

use super::hostile_parquet::{self, Claims, zeros};
use super::{Outcome, Place, command};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Longest time and most memory of any case; the limit given to the program is 256 MiB, and what it read before it
/// stopped may lie there twice while a buffer grows.
const LONGEST: Duration = Duration::from_secs(20);
const MOST_MIB: u64 = 700;
const ROOM: &str = "--max-memory 256m";

/// A command that is to fail, and what its message must say.
struct Case {
    what: &'static str,
    line: &'static str,
    says: &'static str,
}

const CASES: &[Case] = &[
    Case { what: "a first line of a million names", line: "check columns.bnn", says: "100000 columns" },
    Case { what: "gzip of 1 GiB of rows in 1 MiB", line: "check rows.bnn", says: "memory" },
    Case { what: "gzip of one line of 1 GiB", line: "check line.bnn", says: "64 MiB" },
    Case { what: "an IDX header of 10^15 bytes", line: "check idx.bnn", says: "cut short" },
    Case { what: "an IDX header of 10^38 bytes", line: "check idx4.bnn", says: "error[" },
    Case { what: "an NPY header of 10^12 rows", line: "check npy.bnn", says: "cut short" },
    Case { what: "an NPZ part of 10^9 bytes in 10^6", line: "check npz.bnn", says: "memory" },
    Case {
        what: "a Parquet footer of 10^12 rows",
        line: "check prows.bnn",
        says: "claim 1000000000000 rows",
    },
    Case { what: "a Parquet page of 1 GiB in 1 MiB", line: "check pbomb.bnn", says: "claims to unpack to" },
    Case {
        what: "200 Parquet pages of one number in 60 MiB",
        line: "check pages.bnn",
        says: "of 1 values claims",
    },
    Case { what: "a Parquet page that unpacks to more", line: "check pmore.bnn", says: "damaged" },
    Case { what: "a Parquet page at 2^62", line: "check poffset.bnn", says: "outside the file" },
    Case { what: "a device without end", line: "check device.bnn", says: "memory" },
    Case { what: "10^12 copies of an unknown", line: "check copies.bnn", says: "T011" },
    Case { what: "a layer of 10^14 weights", line: "check layer.bnn", says: "T011" },
    Case { what: "latents for more memory than there is", line: "fit latents.bnn", says: "O006" },
    Case {
        what: "layers whose values take 10 GiB",
        line: "fit wide.bnn --threads 2",
        says: "the values of a step take some",
    },
    Case { what: "a generator of 10^12 rows", line: "check generator.bnn", says: "T011" },
    Case { what: "brackets 100,000 deep", line: "check deep.bnn", says: "S004" },
    Case { what: "a manifest of a million brackets", line: "report json", says: "R001" },
    Case { what: "a safetensors header of 2^60 bytes", line: "report header", says: "R001" },
    Case { what: "tensors that lie outside of their file", line: "report offsets", says: "R001" },
    Case { what: "a file of the run that is a link", line: "report link", says: "it is a link" },
    Case { what: "a folder of the run that is a link", line: "report folder", says: "it is a link" },
    Case { what: "a file of the run that leads out of it", line: "report out", says: "not a name" },
    Case { what: "a file of the run that is a device", line: "report device", says: "it is a link" },
    Case { what: "a changed number in a table", line: "report number", says: "checksum" },
];

fn gzip(path: &Path, block: &[u8], times: usize) {
    let mut file =
        flate2::write::GzEncoder::new(std::fs::File::create(path).unwrap(), flate2::Compression::fast());
    file.write_all(b"y\n").unwrap();
    (0..times).for_each(|_| file.write_all(block).unwrap());
    file.finish().unwrap();
}

fn npy(shape: &str) -> Vec<u8> {
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape},), }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0".as_slice(), &length, header.as_bytes(), &[0; 80]].concat()
}

/// An archive of one deflated array that unpacks to a gigabyte of zeros.
fn npz() -> Vec<u8> {
    let head = npy("125000000");
    let mut packed = flate2::write::DeflateEncoder::new(vec![], flate2::Compression::fast());
    packed.write_all(&head).unwrap();
    (0..1000).for_each(|_| packed.write_all(&vec![0; 1_000_000]).unwrap());
    let packed = packed.finish().unwrap();
    let size = (packed.len() as u32).to_le_bytes();
    let whole = ((head.len() + 1_000_000_000) as u32).to_le_bytes();
    let name = b"x.npy";
    let common =
        [&[0u8; 2][..], &8u16.to_le_bytes(), &[0; 4], &[0; 4], &size, &whole, &5u16.to_le_bytes(), &[0; 2]]
            .concat();
    let mut out = [b"PK\x03\x04\x14\0".as_slice(), &common, name, &packed].concat();
    let list = out.len() as u32;
    out.extend(
        [b"PK\x01\x02\x14\0\x14\0".as_slice(), &common, &[0; 2], &[0; 2], &[0; 2], &[0; 4], &[0; 4], name]
            .concat(),
    );
    let length = out.len() as u32 - list;
    out.extend(
        [b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(), &length.to_le_bytes(), &list.to_le_bytes(), &[0; 2]]
            .concat(),
    );
    out
}

/// A copy of a run whose manifest has no checksums, as folders of before.
fn copied(place: &Place, to: &str, with_sums: bool) {
    let outcome = place.run(&format!("fit plain.bnn --steps 20 --out {to}"));
    assert_eq!(outcome.status, 0, "{}", outcome.err);
    if !with_sums {
        let mut manifest = place.json(&format!("{to}/manifest.json"));
        manifest.as_object_mut().unwrap().remove("sha256");
        place.write(&format!("{to}/manifest.json"), &manifest.to_string());
    }
}

#[cfg(unix)]
fn place() -> Place {
    use std::os::unix::fs::symlink;
    let place = Place::with_line();
    place.write("plain.bnn", &place.read("line.bnn"));
    let model = |name: &str, data: &str, rest: &str| place.write(name, &format!("data {data}\n{rest}\n"));
    let one = "m ~ Normal(0, 1)\ny ~ Normal(m, 1)";
    let names: Vec<String> = (0..1_000_000).map(|i| format!("c{i}")).collect();
    place.write("columns.csv", &format!("y,{}\n1{}\n", names.join(","), ",1".repeat(1_000_000)));
    model("columns.bnn", "\"columns.csv\" { y : real }", one);
    gzip(&place.path("rows.csv.gz"), "0\n".repeat(1 << 19).as_bytes(), 1 << 10);
    model("rows.bnn", "\"rows.csv.gz\" { y : real }", one);
    gzip(&place.path("line.csv.gz"), "0".repeat(1 << 20).as_bytes(), 1 << 10);
    model("line.bnn", "\"line.csv.gz\" { y : real }", one);
    let idx = |axes: u8, sizes: &[u32]| {
        let sizes: Vec<u8> = sizes.iter().flat_map(|s| s.to_be_bytes()).collect();
        [&[0, 0, 8, axes][..], &sizes, &[0; 100]].concat()
    };
    std::fs::write(place.path("a.idx"), idx(3, &[u32::MAX, 512, 512])).unwrap();
    std::fs::write(place.path("l.idx"), idx(1, &[u32::MAX])).unwrap();
    let net = "net f(x) {\n  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }\n  dense 2 softmax\n}\ny ~ Categorical(probs = f(x))";
    model("idx.bnn", "idx(\"a.idx\", \"l.idx\") { x : image(512, 512); y : class(2) }", net);
    std::fs::write(place.path("b.idx"), idx(4, &[u32::MAX; 4])).unwrap();
    model("idx4.bnn", "idx(\"b.idx\", \"b.idx\") { x : image(512, 512); y : class(2) }", net);
    std::fs::write(place.path("a.npy"), npy("1000000000000")).unwrap();
    model("npy.bnn", "\"a.npy\" { x : real }", "m ~ Normal(0, 1)\nx ~ Normal(m, 1)");
    std::fs::write(place.path("a.npz"), npz()).unwrap();
    model("npz.bnn", "\"a.npz\" { x : real }", "m ~ Normal(0, 1)\nx ~ Normal(m, 1)");
    let (ten, plain) =
        (zeros(1), Claims { rows: 10, values: 10, unpacked: 1 << 20, offset: None, page: vec![], times: 1 });
    for (name, claims) in [
        ("prows", Claims { rows: 1_000_000_000_000, page: ten.clone(), ..plain }),
        ("pbomb", Claims { unpacked: 1 << 30, page: zeros(1024), ..plain }),
        ("pages", Claims { rows: 1000, values: 1, unpacked: 60 << 20, page: zeros(60), times: 200, ..plain }),
        ("pmore", Claims { unpacked: 80, page: ten.clone(), ..plain }),
        ("poffset", Claims { offset: Some(1 << 62), page: ten.clone(), ..plain }),
        ("pright", Claims { page: ten.clone(), ..plain }),
    ] {
        std::fs::write(place.path(&format!("{name}.parquet")), hostile_parquet::file(&claims)).unwrap();
        model(
            &format!("{name}.bnn"),
            &format!("\"{name}.parquet\" {{ x : real }}"),
            "m ~ Normal(0, 1)\nx ~ Normal(m, 1)",
        );
    }
    // Bytes of the device are an array of text cells, one line without end: the reader is told after 64 MiB at most.
    symlink("/dev/zero", place.path("zero.npz")).unwrap();
    model("device.bnn", "\"zero.npz\" { x : real }", "m ~ Normal(0, 1)\nx ~ Normal(m, 1)");
    model("copies.bnn", "\"line.csv\" { y : real }", "m[1000000000000] ~ Normal(0, 1)\ny ~ Normal(m[1], 1)");
    let layer = "net f(x) {\n  each layer { w ~ Normal(0, 1); b ~ Normal(0, 1) }\n  dense 10000000 tanh\n  dense 10000000 tanh\n  dense 1\n}\ny ~ Normal(f(x), 1)";
    model("layer.bnn", "\"line.csv\" { x, y : real }", layer);
    model("latents.bnn", "\"line.csv\" { y : real }", "m[1000000] ~ Normal(0, 1)\ny ~ Normal(m[1], 1)");
    let sizes = [8u32, 512, 512].map(u32::to_be_bytes).concat();
    std::fs::write(place.path("wide-x"), [&[0, 0, 8, 3], sizes.as_slice(), &vec![7; 8 << 18]].concat())
        .unwrap();
    std::fs::write(place.path("wide-y"), [0, 0, 8, 1, 0, 0, 0, 8, 0, 1, 0, 1, 0, 1, 0, 1]).unwrap();
    let layers = "conv 64 5x5 relu\n  conv 64 5x5 relu\n  maxpool 8\n  maxpool 7\n  dense 2 softmax";
    place.write(
        "wide.bnn",
        &format!(
            "data idx(\"wide-x\", \"wide-y\") {{ x : image(512, 512); y : class(2) }}\n\
             net f(x) {{\n  each layer {{ w ~ Normal(0, 1) }}\n  {layers}\n}}\ny ~ Categorical(probs = f(x))"
        ),
    );
    model(
        "generator.bnn",
        "moons(n = 1e12) { x1, x2 : real; y : class(2) }",
        "m ~ Normal(0, 1)\ny ~ Bernoulli(logit = m)",
    );
    place.write("deep.bnn", &format!("a = {}1\n", "(".repeat(100_000)));
    place.run("fit plain.bnn --steps 20 --out json");
    place.write("json/manifest.json", &"[".repeat(1_000_000));
    copied(&place, "header", false);
    std::fs::write(
        place.path("header/posterior.safetensors"),
        [&(1u64 << 60).to_le_bytes()[..], b"{}"].concat(),
    )
    .unwrap();
    copied(&place, "offsets", false);
    let lies = br#"{"b.mean":{"dtype":"F64","shape":[1000000000000,1000000000000],"data_offsets":[0,18446744073709551608]}}"#;
    std::fs::write(
        place.path("offsets/posterior.safetensors"),
        [&(lies.len() as u64).to_le_bytes()[..], lies].concat(),
    )
    .unwrap();
    place.write("secret.csv", "a secret");
    let link = |run: &str, file: &str, to: &str| {
        copied(&place, run, false);
        let path = place.path(run).join(file);
        if path.is_dir() {
            std::fs::rename(&path, place.path("elsewhere")).unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        symlink(to, path).unwrap();
    };
    link("link", "summary.csv", "../secret.csv");
    link("folder", "figures", "../elsewhere");
    link("device", "trace.csv", "/dev/zero");
    copied(&place, "out", false);
    let mut manifest = place.json("out/manifest.json");
    manifest["files"].as_array_mut().unwrap().push("predictions/../../secret.csv".into());
    place.write("out/manifest.json", &manifest.to_string());
    copied(&place, "number", true);
    let table = place.read("number/summary.csv");
    place.write("number/summary.csv", &table.replacen('1', "2", 1));
    place
}

/// Runs a command, and looks every few milliseconds how much memory it has held.
fn watched(place: &Place, line: &str) -> (Outcome, Duration, u64) {
    let begun = Instant::now();
    let mut command = command(&place.path(""), line);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let kib = text
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:"))
            .and_then(|l| l.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0) >> 10);
        assert!(begun.elapsed() < 3 * LONGEST, "{line} does not end");
        std::thread::sleep(Duration::from_millis(3));
    }
    let time = begun.elapsed();
    (Outcome::of(child.wait_with_output().unwrap()), time, peak)
}

#[cfg(unix)]
#[test]
fn hostile_inputs_end_in_findings_within_seconds_and_bounded_memory() {
    let place = place();
    let right = place.run("check pright.bnn");
    assert!(
        right.err.contains("no findings") || right.err.contains("D008"),
        "what is harmless is read: {}",
        right.err
    );
    let mut table = "| input | seconds | peak MiB | answer |\n| --- | --- | --- | --- |\n".to_owned();
    let mut wrong = vec![];
    for case in CASES {
        let takes_room = !case.line.starts_with("report");
        let line = if takes_room { format!("{} {ROOM}", case.line) } else { case.line.to_owned() };
        let (outcome, time, peak) = watched(&place, &line);
        let is_said =
            outcome.status == 1 && outcome.err.contains("error[") && outcome.err.contains(case.says);
        if !is_said || time > LONGEST || peak > MOST_MIB {
            wrong.push(format!(
                "{}: {} {time:?} {peak} MiB {}",
                case.what,
                outcome.status,
                &outcome.err[..outcome.err.len().min(600)]
            ));
        }
        let code = outcome.err.split_once("error[").map_or("", |(_, rest)| &rest[..rest.len().min(4)]);
        table += &format!("| {} | {:.1} | {peak} | {code} |\n", case.what, time.as_secs_f64());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(place.read("secret.csv"), "a secret");
    if std::env::var_os("BNNC_BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/robustness.md");
        let page = std::fs::read_to_string(path).unwrap();
        let (before, rest) = page.split_once("<!-- hostile -->\n").expect("the page marks the table");
        let (_, after) = rest.split_once("<!-- end -->\n").expect("the page marks its end");
        std::fs::write(path, format!("{before}<!-- hostile -->\n{table}<!-- end -->\n{after}")).unwrap();
    }
}

/// A folder of the first format, as the first program wrote it.
#[test]
fn folders_of_the_first_format_are_read() {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let there = to.join(path.file_name().unwrap());
            if path.is_dir() { copy(&path, &there) } else { assert!(std::fs::copy(&path, there).is_ok()) }
        }
    }
    let place = Place::new();
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/format-1")), &place.path("old"));
    let listed = place.run("runs .");
    assert!(listed.status == 0 && listed.out.contains("line"), "{}{}", listed.out, listed.err);
    let report = place.run("report old");
    assert!(report.status == 0 && place.path("old/report.html").exists(), "{}", report.err);
    let manifest = place.read("old/manifest.json");
    place.write("old/manifest.json", &manifest.replacen("\"format\": 1", "\"format\": 99", 1));
    let newer = place.run("report old");
    assert!(newer.status == 1 && newer.err.contains("it has format 99"), "{}", newer.err);
}

/// A run whose columns, labels and comments are HTML that would run.
fn report_of_hostile_names() -> Place {
    let place = Place::new();
    let (script, image) = ("<script>document.title=1</script>", "<img src=x onerror=document.title=1>");
    let labels = [script, image, "\"\"><svg onload=document.title=1>"];
    let row = |i: usize| {
        let (label, level) = (labels[i * 7 % 3], labels[i % 2]);
        format!("{},\"{label}\",\"{level}\",{}\n", (i as f64 * 0.7).sin(), (i as f64 * 1.3).cos())
    };
    place.write("evil.csv", &format!("{script},y,{image},z\n{}", (0..40).map(row).collect::<String>()));
    let model = format!(
        "data \"evil.csv\" {{ x : real from \"{script}\"; y : class; g : factor from \"{image}\"; z : real; split valid = 0.3 }}\n\
         # {script}\na[g] ~ Normal(0, 1)\n\
         net f(x) {{\n  each layer {{ w ~ Normal(0, 1); b ~ Normal(0, 1) }}\n  dense 2 tanh\n  dense 3\n}}\n\
         y ~ Categorical(logits = f([x, z]) + a[g])\n"
    );
    place.write("m.bnn", &model);
    let outcome = place.run("fit m.bnn --steps 20 --set restarts=1 --set predict_draws=5 --out run");
    assert_eq!(outcome.status, 0, "{}", outcome.err);
    place
}

/// What would run in a page.
const LIVE: [&str; 3] = ["<script", "<img src=x", "<svg onload"];

#[test]
fn the_report_escapes_names_and_labels() {
    let place = report_of_hostile_names();
    let page = place.read("run/report.html");
    assert!(page.contains("&lt;img src=x"), "the labels are shown");
    assert!(LIVE.iter().all(|l| !page.contains(l)));
}

#[test]
#[ignore = "slow: needs Chromium on the path"]
fn a_browser_runs_nothing_of_the_report() {
    let place = report_of_hostile_names();
    let page = format!("file://{}", place.path("run/report.html").display());
    let profile = format!("--user-data-dir={}", place.path("profile").display());
    let flags =
        ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
    let dom = std::process::Command::new("chromium")
        .args(flags)
        .args([&profile, "--dump-dom", &page])
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&dom.stdout);
    assert!(dom.contains("<title>m · bnnc</title>"), "a script has changed the title");
    assert!(LIVE.iter().all(|l| !dom.contains(l)));
}
