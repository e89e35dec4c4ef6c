#!/bin/bash
# Runs the script of `distill.run --sbatch` on a SLURM of this machine alone, with two tasks and as an array:
#     sudo tests/slurm/check.sh PYTHON
# It installs Debian's slurm-wlm and munge where they are missing, and says why it does nothing where it cannot.
set -euo pipefail
python=${1:-python}
root=$(cd "$(dirname "$0")/../.." && pwd)

skip() { echo "skipped: $1"; exit 0; }
[ "$(id -u)" -eq 0 ] || skip "SLURM's daemons are started by root"
if ! command -v slurmctld slurmd munged > /dev/null; then
    command -v apt-get > /dev/null || skip "slurm-wlm and munge are not there, and no apt-get to install them"
    { apt-get update && apt-get install -y --no-install-recommends slurm-wlm munge; } > /dev/null 2>&1 \
        || skip "slurm-wlm and munge cannot be installed"
fi

work=$(mktemp -d)
node=$(hostname -s)
daemons=()
finish() {
    for each in "${daemons[@]}"; do kill "$each" 2> /dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

mkdir -p "$work/spool" "$work/state" "$work/munge"
chmod 700 "$work/munge"
chmod 755 "$work"
dd if=/dev/urandom of="$work/munge/key" bs=1024 count=1 2> /dev/null
chmod 400 "$work/munge/key"
export MUNGE_SOCKET=$work/munge/socket
munged --foreground --force --key-file="$work/munge/key" --socket="$MUNGE_SOCKET" --pid-file="$work/munge/pid" \
    --log-file="$work/munge/log" --seed-file="$work/munge/seed" > "$work/daemons.log" 2>&1 & daemons+=($!)
cat > "$work/slurm.conf" <<CONF
ClusterName=check
SlurmctldHost=$node(127.0.0.1)
SlurmUser=root
SlurmdParameters=config_overrides
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$MUNGE_SOCKET
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
NodeName=$node NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=check Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF=$work/slurm.conf
slurmctld -c -D > "$work/daemons.log" 2>&1 & daemons+=($!)
slurmd -N "$node" -D > "$work/daemons.log" 2>&1 & daemons+=($!)
for _ in $(seq 60); do
    sinfo --noheader --states=idle --format=%D 2> /dev/null | grep -q 1 && break
    sleep 1
done
sinfo --noheader --states=idle | grep -q . || { tail "$work"/slurm*.log; skip "no node became idle"; }

small=(experiment=sst2_tiny data.source=embedded data.limit.train=192 data.limit.validation=64 data.limit.test=64
    data.max_length=24 teacher.vocab_size=300 pretrain.max_epochs=1 finetune.max_epochs=1 distill.max_epochs=1
    finetune.min_steps=0 distill.min_steps=0 pretrain.min_steps=0 teacher.accept=true evaluate.latency_samples=3
    evaluate.resamples=100 "evaluate.baselines=[]" tracking.wandb=disabled "export.formats=[huggingface]"
    "teacher.architecture={layers: 2, hidden_size: 32, heads: 2, intermediate_size: 64}"
    "student.architecture={layers: 1, hidden_size: 16, heads: 2, intermediate_size: 32}"
    trainer.accelerator=cpu trainer.precision=64-true data.batch_size=16)
cd "$work"
export PYTHONPATH=$root OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 PATH="$(dirname "$(command -v "$python")"):$PATH"
two=(trainer.devices=2 trainer.strategy=ddp)

# A job that cannot be placed would wait for ever.
ended() { timeout 1800 sbatch --wait "$@"; }
weights() { sha256sum "$1"/distill-*/model/model.safetensors | cut -d' ' -f1 | sort; }

echo "srun with two tasks"
"$python" -m distill.run --sbatch "${small[@]}" "${two[@]}" "store=$work/by_slurm" > two.sh
ended --output=two.log two.sh || { squeue; cat two.log; exit 1; }
echo "two ranks without SLURM"
env -u SLURM_CONF "$python" -m distill.run "${small[@]}" "${two[@]}" "store=$work/plain" hydra.run.dir=plain > plain.log 2>&1 \
    || { cat plain.log; exit 1; }
[ "$(weights by_slurm)" = "$(weights plain)" ] || { echo "srun has other weights than two plain ranks"; exit 1; }
[ "$(find outputs -name report.json | wc -l)" -eq 1 ] || { echo "two tasks did not write one report"; exit 1; }

echo "a sweep as an array"
"$python" -m distill.run --sbatch -m "${small[@]}" distill.temperature=1,4 "store=$work/by_slurm" > array.sh
ended --output=array-%a.log array.sh || { squeue; cat array-*.log; exit 1; }
[ "$(find outputs/sweeps -name report.json | wc -l)" -eq 2 ] || { echo "an array of two left another number"; exit 1; }
"$python" -m distill.compare outputs/sweeps/slurm-* > compared.log || { cat compared.log; exit 1; }

echo "a signal before the time is over: a checkpoint, the queue again, and the same weights"
slow=("${small[@]}" "${two[@]}" checkpoint.every_n_train_steps=1000 distill.max_epochs=40)
"$python" -m distill.run --sbatch "${slow[@]}" "store=$work/requeued" > slow.sh
job=$(sbatch --parsable --output=slow.log slow.sh)
for _ in $(seq 600); do grep -q "distill: begins" slow.log 2> /dev/null && break; sleep 0.5; done
sleep 3
scancel --signal=USR1 "$job"
for _ in $(seq 900); do
    squeue --noheader --jobs="$job" 2> /dev/null | grep -q . || break
    scontrol release "$job" 2> /dev/null || true
    scontrol update "JobId=$job" StartTime=now 2> /dev/null || true
    sleep 1
done
grep -q "ended by SIGUSR1" slow.log && grep -q "distill: goes on where it was interrupted" slow.log \
    || { cat slow.log; exit 1; }
env -u SLURM_CONF "$python" -m distill.run "${slow[@]}" "store=$work/slow" hydra.run.dir=slow > slow-plain.log 2>&1
[ "$(weights requeued)" = "$(weights slow)" ] || { echo "the requeued run has other weights"; exit 1; }
echo "passed"
