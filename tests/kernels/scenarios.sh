# scenarios.sh: runs in the virtual machine: guest.sh for each line "SCENARIO TIER" of /scenarios, with everything as it was found.
failed=0
while read -r scenario tier; do
    # What a scenario hides it hides from itself only.
    unshare -m sh -c "rm -rf /tmp/*; mount -t tmpfs tmp /tmp; sh /guest.sh $scenario $tier" </dev/null || failed=1
done </scenarios
exit $failed
