#!/usr/bin/env bash
# The models of the ring's protocol (tests/loom.rs): all of them as they are, which must pass; then,
# for each ordering weakened to Relaxed and each step put in a wrong order, those that it concerns,
# which must break a claim. Then the ledger's mutations, in the drain's own tests.
# LOGRING_LONG=1 allows one preemption more (ten times as long).
set -euo pipefail
cd "$(dirname "$0")/.."
logs=target/loom/logs
mkdir -p "$logs"

# What is weakened or put in a wrong order, and the models that must see it.
mutations="
commit_store            records::a_committed_record_is_whole pauses::a_record_of_one_function_is_whole_and_in_order pauses::a_block_given_back_is_used_again
commit_load             records::a_committed_record_is_whole pauses::a_record_of_one_function_is_whole_and_in_order pauses::a_block_given_back_is_used_again
begun_store             records::a_block_is_read_after_its_predecessor
begun_load              records::a_block_is_read_after_its_predecessor
free_store              blocks::a_freed_block_is_used_again long::an_extension_comes_back_when_its_record_was_read pauses::a_block_given_back_is_used_again
claim_cas               blocks::a_freed_block_is_used_again long::an_extension_comes_back_when_its_record_was_read pauses::a_block_given_back_is_used_again
over_store              death::what_a_lane_wrote_before_its_end_is_delivered
over_load               death::what_a_lane_wrote_before_its_end_is_delivered
attempted_store         losses::a_dropped_record_is_counted_once
attempted_load          losses::a_dropped_record_is_counted_once
recycle_fence           unpinned::a_record_that_was_written_over_is_not_believed overwrite::what_is_overwritten_is_counted_and_nothing_else
recheck_fence           unpinned::a_record_that_was_written_over_is_not_believed overwrite::what_is_overwritten_is_counted_and_nothing_else
light_barrier           records::nothing_below_a_written_watermark_comes_later_with_fences pauses::a_record_of_one_function_is_in_order_with_fences pauses::a_drain_that_sleeps_until_it_is_woken_misses_nothing_with_fences
heavy_barrier           pauses::a_record_of_one_function_is_whole_and_in_order records::nothing_below_a_written_watermark_comes_later records::nothing_below_a_written_watermark_comes_later_with_fences pauses::a_drain_that_sleeps_until_it_is_woken_misses_nothing pauses::a_drain_that_sleeps_until_it_is_woken_misses_nothing_with_fences
clock_before_mark       pauses::a_record_of_one_function_is_whole_and_in_order records::nothing_below_a_written_watermark_comes_later records::nothing_below_a_written_watermark_comes_later_with_fences
watermark_after_barrier records::nothing_below_a_written_watermark_comes_later records::nothing_below_a_written_watermark_comes_later_with_fences
next_ordinal_early      records::a_block_is_read_after_its_predecessor
same_generation         blocks::a_freed_block_is_used_again blocks::a_claim_from_a_stale_look_fails
free_from_the_living    blocks::a_freed_block_is_used_again
over_after_stamps       death::what_a_lane_wrote_before_its_end_is_delivered
attempted_after_recycle overwrite::a_lane_may_be_killed_while_it_overwrites
attempted_after_stamps  losses::a_dropped_record_is_counted_once
head_before_extension   long::a_long_record_is_seen_whole_or_not_at_all
next_before_close       signals::a_call_on_top_of_a_call_takes_nothing_from_it signals::a_call_on_top_of_one_function_takes_nothing_from_it
open_before_next        signals::a_call_on_top_of_a_call_takes_nothing_from_it signals::a_call_on_top_of_one_function_takes_nothing_from_it
asleep_after_look       pauses::a_drain_that_sleeps_until_it_is_woken_misses_nothing pauses::a_drain_that_sleeps_until_it_is_woken_misses_nothing_with_fences
"

fail() {
    echo "loom: $*" >&2
    exit 1
}

# An ordering that the ring uses and nobody weakens is one that no model shows to be needed.
for name in $(grep -oh 'order::[a-z_]*()' src/ring/*.rs | sed 's/order::\(.*\)()/\1/' | sort -u); do
    grep -q "^$name " <<<"$mutations" || fail "the ring uses the ordering $name, and no mutation weakens it"
done

echo "-- build"
binary=$(RUSTFLAGS="${RUSTFLAGS:-} --cfg logring_loom" cargo test --locked --release --target-dir target/loom \
    -p logring --test loom --no-run --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
[ -x "$binary" ] || fail "no test binary was built"

echo "-- models as they are"
"$binary" 2>&1 | tee "$logs/models.log" || fail "a model fails"
models=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$logs/models.log")
[ "${models:-0}" -gt 0 ] || fail "no model ran"

echo "-- mutations"
thrown=0 failed=0
while read -r name concerned; do
    [ -n "$name" ] || continue
    thrown=$((thrown + 1)) seen=yes
    for model in $concerned; do
        log=$logs/$name-${model##*:}.log
        if LOGRING_WEAKEN=$name "$binary" --exact "$model" >"$log" 2>&1; then
            echo "weakened $name: PASSES $model"
            seen=no
        elif ! grep -Eq 'claim broken|Causality violation' "$log"; then
            echo "weakened $name: $model fails, but breaks no claim, see $log"
            seen=no
        fi
    done
    if [ $seen = yes ]; then
        echo "weakened $name: failed as it must ($concerned)"
        failed=$((failed + 1))
    fi
done <<<"$mutations"

if grep -rq 'fn ledger_mutations' drain/src; then
    echo "-- mutations of the ledger"
    log=$logs/ledger.log
    cargo test --locked -p logring-drain ledger_mutations -- --nocapture 2>&1 | tee "$log" || fail "a mutation of the ledger passes"
    ledger=$(sed -n 's/^\([0-9]*\) of [0-9]* mutations failed as they must$/\1/p' "$log")
    [ "${ledger:-0}" -gt 0 ] || fail "no mutation of the ledger ran"
    thrown=$((thrown + ledger)) failed=$((failed + ledger))
fi

echo "models $models passed, mutations $failed of $thrown failed as they must"
[ "$failed" -eq "$thrown" ]
