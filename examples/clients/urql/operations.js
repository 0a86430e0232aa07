// The operations of this client.
import { gql } from "@urql/core";

export const REPORTS = gql`
  query Reports($first: Int!, $after: String, $filter: ReportFilter) {
    reports(first: $first, after: $after, filter: $filter, orderBy: {field: PUBLISHED_AT, direction: DESC}) {
      edges { cursor node { id slug title publishedAt tags { id slug label } } }
      nodes { id slug }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

export const REPORT = gql`
  query Report($slug: String!) {
    report(slug: $slug) {
      id
      slug
      title
      body(format: HTML)
      footnotes { number text source { id title url } }
      entities(first: 20) { nodes { id slug name kind } }
    }
  }
`;

export const NODE = gql`
  query Node($id: ID!) {
    node(id: $id) {
      id
      ... on Document { displayName }
    }
  }
`;

// Not right: it gives both.
export const AMBIGUOUS = gql`
  query Ambiguous($id: ID!, $slug: String!) {
    report(id: $id, slug: $slug) { id title }
    tags(first: 1) { nodes { id slug } }
  }
`;

export const CREATE = gql`
  mutation Create($input: CreateReportInput!) {
    createReport(input: $input) { report { id slug version } }
  }
`;

export const DELETE = gql`
  mutation Delete($input: DeleteInput!) {
    deleteReport(input: $input) { deletedId }
  }
`;
