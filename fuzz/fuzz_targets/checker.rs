//! Any text is a model or has findings; the files that it may name are small and right.
#![no_main]

use bnnc_fuzz::{Memory, look};
use libfuzzer_sys::fuzz_target;

const TABLE: &str = "x,x1,x2,y,g,t,n,school,sigma\n0.5,1,-1,0,a,3,2,A,10\n1.5,2,0,1,b,4,5,B,9\n-0.5,3,2,1,a,5,1,A,8\n0.1,1,1,0,c,6,0,C,11\n";

fuzz_target!(|bytes: &[u8]| {
    let files = ["a.csv", "data/a.csv", "d.csv"].map(|path| (path, TABLE.as_bytes().to_vec()));
    look(&String::from_utf8_lossy(bytes), &Memory(files.into()));
});
