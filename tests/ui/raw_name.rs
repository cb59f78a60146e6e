fn main() {
    let r#type = 1;
    logring::info!("x", r#type);
}
