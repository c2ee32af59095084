import { useQuery, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/features/live/keys";
import { proofs } from "@/lib/proof-api";

/**
 * What a verification has found out so far; null before its job has read the project. The job's own
 * stream keeps it current. An event that came while it was read may not be in it: then it is read again.
 */
export function useProof(jobId: string) {
  const client = useQueryClient();
  return useQuery({
    queryKey: keys.proof(jobId),
    queryFn: async ({ signal }) => {
      for (;;) {
        const proof = await proofs.get(jobId, signal);
        const seen = client.getQueryData<number>(keys.proofSeen(jobId)) ?? 0;
        if ((proof?.version ?? 0) >= seen) return proof;
      }
    },
    gcTime: 0,
    structuralSharing: false,
  });
}
