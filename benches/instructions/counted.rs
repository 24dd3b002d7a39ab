//! What is counted: one step of the small net and of networks on images, and one gradient of a sampler.

use crate::workloads::{self, MNIST, THIRD};
use bnnc::infer::settings::Draws;

/// Something to count.
pub struct Workload {
    /// Its name in the table.
    pub name: &'static str,
    /// The function whose instructions are counted, as callgrind matches names.
    pub function: &'static str,
    /// How many steps a run does.
    pub steps: u64,
    /// Does that many.
    pub run: fn(u64),
}

/// The table.
pub const ALL: [Workload; 5] = [
    Workload { name: "small_net", function: "*Climb*step*", steps: 200, run: small_net },
    Workload { name: "mnist", function: BATCHES, steps: 1, run: mnist },
    Workload { name: "mnist_by_shard", function: BATCHES, steps: 1, run: mnist_by_shard },
    Workload { name: "third_net", function: BATCHES, steps: 1, run: third_net },
    Workload {
        name: "eight_schools",
        function: "*Joint*value_and_gradient*",
        steps: 1000,
        run: eight_schools,
    },
];
const BATCHES: &str = "*minibatch*Step*climb*";

/// Rows of a step on images: what a row costs does not depend on it, and callgrind is fifty times slower than life.
const BATCH: usize = 64;

fn on_images(text: &str, steps: u64, draws: Draws) {
    workloads::steps_per_second(&mut workloads::on_images(text, 2 * BATCH, BATCH, draws), steps, 1);
}

fn mnist(steps: u64) {
    on_images(MNIST, steps, Draws::Shared);
}

fn mnist_by_shard(steps: u64) {
    on_images(MNIST, steps, Draws::Auto);
}

fn third_net(steps: u64) {
    on_images(THIRD, steps, Draws::Shared);
}

fn small_net(steps: u64) {
    workloads::steps_per_second(&mut workloads::small_net(), steps, 1);
}

fn eight_schools(gradients: u64) {
    workloads::eight_schools(gradients);
}
