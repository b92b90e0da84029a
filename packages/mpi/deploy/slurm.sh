#!/bin/bash
#SBATCH --job-name=graft
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=4
#SBATCH --requeue
# One rank per node. The folder of the project, with node_modules, is on a file system that every node sees. After a failure, Slurm
# starts the job again and it continues from the last checkpoint.
export GRAFT_TIMEOUT_SECONDS=300
srun --mpi=pmix npx graft run recipe.json --checkpoint checkpoints --resume
