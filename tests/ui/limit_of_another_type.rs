fn main() {
    logring::info!(every: 10, "x");
}
