fn main() {
    logring::info!(logger: 5, "x");
    logring::info!("x", target: "db");
    logring::kv! { 5 };
}
