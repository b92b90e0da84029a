#!/bin/sh
# Runs a program on two ranks that are in two network namespaces, joined by a virtual link, as on two machines:
#
#   tools/mpi/network.sh node program.mjs
#
# The ranks reach each other over TCP only. Needs root, iproute2 and Open MPI. With `DELAY=1ms RATE=1gbit` the link has the latency and
# the bandwidth of a real one, if the kernel has netem.
set -eu
A="graft-a-$$"
B="graft-b-$$"
clean() {
  ip netns del "$A" 2>/dev/null || true
  ip netns del "$B" 2>/dev/null || true
}
trap clean EXIT
ip netns add "$A"
ip netns add "$B"
ip link add "va$$" type veth peer name "vb$$"
ip link set "va$$" netns "$A"
ip link set "vb$$" netns "$B"
ip -n "$A" addr add 10.77.0.1/24 dev "va$$"
ip -n "$B" addr add 10.77.0.2/24 dev "vb$$"
for end in "$A va$$" "$B vb$$"; do
  set -- "$@" # keeps the program's arguments
  ns=${end% *}
  dev=${end#* }
  ip -n "$ns" link set lo up
  ip -n "$ns" link set "$dev" up
  if [ -n "${DELAY:-}${RATE:-}" ]; then
    ip netns exec "$ns" tc qdisc add dev "$dev" root netem ${DELAY:+delay $DELAY} ${RATE:+rate $RATE}
  fi
done
# mpirun starts the second rank through this program in place of ssh. Its first argument is the address.
AGENT=$(mktemp)
printf '#!/bin/sh\nshift\nexec ip netns exec %s unshare --uts sh -c "hostname graft-b; $*"\n' "$B" >"$AGENT"
chmod +x "$AGENT"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
status=0
ip netns exec "$A" mpirun --mca plm_rsh_agent "$AGENT" --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 \
  --mca oob_tcp_if_include 10.77.0.0/24 --host 10.77.0.1:1,10.77.0.2:1 -n 2 "$@" || status=$?
rm -f "$AGENT"
exit "$status"
