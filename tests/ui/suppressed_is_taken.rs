fn main() {
    logring::info!(every_n: 10, "x", suppressed = 1);
}
