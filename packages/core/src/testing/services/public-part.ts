/** What applications see of a service: what stands in for it in a test has all of it. */
export type PublicPart<Service, Internal extends string = never> = Omit<Service, Internal>;
