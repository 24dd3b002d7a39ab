//! Example models whose data are too large to ship, on made files of the same formats; and transfer between two fits.

use super::Place;
use std::fs;
use std::io::BufWriter;
use std::path::Path;

/// A model of the repository with its text changed, in the place.
fn with_model(place: &Place, folder: &str, name: &str, changes: &[(&str, &str)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(folder).join(format!("{name}.bnn"));
    let mut text = fs::read_to_string(path).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{name}: {from}");
        text = text.replace(from, to);
    }
    place.write(&format!("{name}.bnn"), &text);
}

/// A byte that depends on the class and on the place: enough to tell classes apart.
fn byte(class: usize, i: usize) -> u8 {
    ((class * 23 + i * 7) % 251) as u8
}

#[test]
fn cifar10_runs_on_binary_batches() {
    let place = Place::new();
    with_model(&place, "", "cifar10", &[]);
    fs::create_dir_all(place.path("data/cifar10")).unwrap();
    let batch = |rows: usize| -> Vec<u8> {
        let row = |r: usize| std::iter::once((r % 10) as u8).chain((0..3072).map(move |i| byte(r % 10, i)));
        (0..rows).flat_map(row).collect()
    };
    for i in 1..=5 {
        fs::write(place.path(&format!("data/cifar10/data_batch_{i}.bin")), batch(4)).unwrap();
    }
    fs::write(place.path("data/cifar10/test_batch.bin"), batch(3)).unwrap();
    let fitted = place.run("fit cifar10.bnn --steps 2 --batch 8 --set predict_draws=2 --json");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    let value: serde_json::Value = serde_json::from_str(&fitted.out).unwrap();
    let rows = |split: &str| value["splits"][split]["rows"].as_u64();
    assert_eq!((rows("train"), rows("valid"), rows("test")), (Some(18), Some(2), Some(3)), "{value}");
    assert!(value["splits"]["test"]["nll"].as_f64().is_some_and(f64::is_finite), "{value}");
}

#[test]
fn cats_and_dogs_of_any_size_are_resized() {
    let place = Place::new();
    with_model(&place, "", "cats_dogs", &[]);
    for (class, label) in ["cat", "dog"].into_iter().enumerate() {
        let folder = place.path(&format!("data/cats_dogs/{label}"));
        fs::create_dir_all(&folder).unwrap();
        for i in 0..6 {
            let (width, height) = (70 + 5 * i, 90 - 4 * i);
            let file = BufWriter::new(fs::File::create(folder.join(format!("{i}.png"))).unwrap());
            let mut encoder = png::Encoder::new(file, width as u32, height as u32);
            encoder.set_color(png::ColorType::Rgb);
            let pixels: Vec<u8> = (0..width * height * 3).map(|k| byte(class * 4, k / 9)).collect();
            encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
        }
    }
    let fitted = place.run("fit cats_dogs.bnn --steps 2 --batch 4 --set predict_draws=2 --json");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    let page = place.read("runs/cats_dogs/report.html");
    assert!(page.contains("Images it has never seen the like of") && page.contains("inverted"));
    let pictures = place.json("runs/cats_dogs/pictures.json");
    let names: Vec<&str> =
        pictures["unlike"][0].as_array().unwrap().iter().map(|u| u["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["as they are", "rotated", "inverted", "shuffled", "noise"]);
    place.write("cats_dogs.bnn", &place.read("cats_dogs.bnn").replace("size = 64", "size = 0"));
    let refused = place.run("check cats_dogs.bnn");
    assert!(refused.status == 1 && refused.err.contains("error[T011]"), "{}", refused.err);
}

#[test]
fn a_net_for_new_digits_starts_from_one_for_others() {
    let place = Place::new();
    let mnist = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/data/mnist").display().to_string();
    let low = [
        ("../data/mnist", mnist.as_str()),
        ("take 1000 per y", "take 8 per y"),
        ("epochs = 15", "epochs = 2"),
        ("batch = 50", "batch = 16"),
    ];
    with_model(&place, "transfer", "digits_low", &low);
    let high = [
        ("../data/mnist", mnist.as_str()),
        ("take 20 per y\n  test idx", "take 6 per y\n  split valid = 0.5 #"),
        ("epochs = 800", "epochs = 2"),
        ("batch = 20", "batch = 5"),
    ];
    with_model(&place, "transfer", "digits_high", &high);
    let missing = place.run("check digits_high.bnn");
    assert!(missing.status == 1 && missing.err.contains("error[R001]"), "{}", missing.err);
    let fitted = place.run("fit digits_low.bnn --set predict_draws=2 --quiet");
    assert_eq!(fitted.status, 0, "{}", fitted.err);
    let swept = place.run("sweep digits_high.bnn --seeds 2 --set predict_draws=2");
    assert_eq!(swept.status, 0, "{}", swept.err);
    assert!(swept.out.contains("transfer") && swept.out.contains("scratch"), "{}", swept.out);
}
