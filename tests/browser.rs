//! Reports in headless Chromium: nothing on the console, nothing wider than the page, at a desk and on a phone.
//!
//! `cargo test --release --test suite -- --ignored browser` needs `chromium` (or the program that `BNNC_CHROMIUM` names).
//! `BNNC_SCREENSHOTS=FOLDER` keeps a picture of each page and width, light and dark, to look at.

use crate::cli::Place;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Shown pixels across: a phone, and a window on a desk.
const WIDTHS: [u32; 2] = [390, 1280];

/// Tells its parent how wide it is, and what sticks out of it without being inside of something that scrolls.
const MEASURE: &str = r#"<script>
addEventListener('load', () => {
  const scrolls = e => e && (['auto', 'scroll'].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const wide = innerWidth + 1;
  const out = [...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.right > wide || box.left < -1) && !scrolls(e);
  });
  const clipped = [...document.querySelectorAll('svg text')].filter(e => {
    const box = e.getBoundingClientRect(), svg = e.ownerSVGElement.getBoundingClientRect();
    return box.width > 0 && (box.right > svg.right + 2 || box.left < svg.left - 2);
  });
  const words = e => e.tagName + ' ' + (e.textContent || '').trim().slice(0, 40);
  parent.postMessage(JSON.stringify({
    width: innerWidth, scroll: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight,
    out: out.map(words), clipped: clipped.map(words), loads: performance.getEntriesByType('resource').length,
  }), '*');
});
</script>"#;

fn chromium(profile: &Path, arguments: &[String]) -> (String, String) {
    let program = std::env::var("BNNC_CHROMIUM").unwrap_or_else(|_| "chromium".into());
    let output = Command::new(&program)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args(["--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=4000"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}; install it, or name it in BNNC_CHROMIUM"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Opens a page in a frame of a width, because a window has a least width of its own.
fn look(folder: &Path, page: &str, name: &str) {
    let measured = page.replacen("</body>", &format!("{MEASURE}</body>"), 1);
    assert!(measured.len() > page.len());
    std::fs::write(folder.join("page.html"), measured).unwrap();
    for width in WIDTHS {
        let frame = |height: u32| {
            format!(
                "<!doctype html><body style=\"margin:0\"><iframe src=\"page.html\" style=\"border:0;width:{width}px;\
                 height:{height}px\"></iframe><script>addEventListener('message', e => \
                 document.body.setAttribute('data-found', e.data))</script></body>"
            )
        };
        let url = format!("file://{}", folder.join("frame.html").display());
        std::fs::write(folder.join("frame.html"), frame(900)).unwrap();
        let window = |height: u32| format!("--window-size={},{height}", width.max(600));
        let (dom, log) = chromium(&folder.join("profile"), &["--dump-dom".into(), window(900), url.clone()]);
        let console: Vec<&str> = log.lines().filter(|l| l.contains(":CONSOLE")).collect();
        assert!(console.is_empty(), "{name} at {width}: {console:?}");
        let found = dom.split("data-found=\"").nth(1).and_then(|d| d.split('"').next());
        let found = found
            .unwrap_or_else(|| panic!("{name} at {width} was not measured: {log}"))
            .replace("&quot;", "\"");
        let found: serde_json::Value = serde_json::from_str(&found).unwrap();
        assert_eq!(found["width"], width, "{name}");
        assert_eq!(found["loads"], 0, "{name} loads something");
        for key in ["out", "clipped"] {
            assert_eq!(found[key], serde_json::json!([]), "{name} at {width}: {key}");
        }
        assert!(
            found["scroll"].as_u64().is_some_and(|s| s <= u64::from(width) + 1),
            "{name} at {width}: {found}"
        );
        let Some(pictures) = std::env::var_os("BNNC_SCREENSHOTS").map(PathBuf::from) else { continue };
        let height = found["height"].as_u64().map_or(900, |h| (h as u32).clamp(900, 12_000));
        std::fs::write(folder.join("frame.html"), frame(height)).unwrap();
        std::fs::create_dir_all(&pictures).unwrap();
        for (scheme, setting) in [("light", 1), ("dark", 0)] {
            let file = pictures.join(format!("{name}-{width}-{scheme}.png"));
            let arguments = [
                format!("--screenshot={}", file.display()),
                format!("--blink-settings=preferredColorScheme={setting}"),
                window(height),
                url.clone(),
            ];
            chromium(&folder.join("profile"), &arguments);
            assert!(file.exists(), "{}", file.display());
        }
    }
}

#[test]
#[ignore = "slow: opens pages in Chromium"]
fn reports_fit_a_desk_and_a_phone_and_say_nothing_on_the_console() {
    let place = Place::new();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let run = |line: &str| {
        let outcome = place.run(line);
        assert_eq!(outcome.status, 0, "{line}: {}", outcome.err);
    };
    let model = |name: &str| models.join(format!("{name}.bnn")).display().to_string();
    run(&format!(
        "sweep {} --grid sigma=0.3,3 --seeds 2 --truth moons(noise=0.43) --choose prior=normal --choose prior=laplace \
         --choose prior=flat --set steps=300 --out moons-sweep --quiet",
        model("moons")
    ));
    run(&format!("fit {} --steps 300 --truth moons(noise=0.43) --out moons --quiet", model("moons")));
    run(&format!("fit {} --steps 40 --set predict_draws=5 --out mnist --quiet", model("mnist")));
    run(&format!("fit {} --out motor --steps 300 --quiet", model("motor")));
    run(&format!("fit {} --out schools --quiet", model("eight_schools")));
    run(&format!("fit {} --method nuts --out chains --quiet", model("eight_schools")));
    for name in ["moons-sweep", "moons", "mnist", "motor", "schools", "chains"] {
        look(&place.path(""), &place.read(&format!("{name}/report.html")), name);
    }
}
