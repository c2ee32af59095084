import { QueryClient, queryOptions } from "@tanstack/react-query";
import { keys } from "@/features/live/keys";
import { ApiError, api, unwrap } from "./api";

/** Data is kept fresh by the socket, not by refetching; a refused request is not asked again. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: "always",
        retry: (failures, error) =>
          failures < 3 && error instanceof ApiError && error.code === "unavailable",
      },
      mutations: { networkMode: "always" },
    },
  });
}

export const infoQuery = queryOptions({
  queryKey: keys.info,
  queryFn: ({ signal }) => unwrap(api.GET("/api/info", { signal })),
  staleTime: 60_000,
});

export const kindsQuery = queryOptions({
  queryKey: keys.kinds,
  queryFn: ({ signal }) => unwrap(api.GET("/api/kinds", { signal })),
  staleTime: 60_000,
});
