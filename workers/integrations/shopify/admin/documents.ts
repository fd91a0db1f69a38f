import { z } from 'zod'
import type {
  AddCodeMutation,
  AddCodeMutationVariables,
  CodeCreationQuery,
  CodeCreationQueryVariables,
  CreateRewardDiscountMutation,
  CreateRewardDiscountMutationVariables,
  FindCodeQuery,
  FindCodeQueryVariables,
  JobQuery,
  JobQueryVariables,
  RemoveCodeMutation,
  RemoveCodeMutationVariables,
  UpdateRewardDiscountMutation,
  UpdateRewardDiscountMutationVariables,
} from './documents.generated.ts'
import { document, type Read, UserErrors } from './document.ts'
import { ORDER_DOCUMENTS } from './order-documents.ts'

/**
 * What LoyalNest asks Shopify's Admin API about discounts, and what it reads of the answers. The types are generated from
 * the texts and the real schema (`npm run graphql`); the compiler checks the zod schemas against them, a test the texts.
 */

const DiscountSaved = z.object({
  codeAppDiscount: z.object({ discountId: z.string() }).nullable(),
  userErrors: UserErrors,
})

export const CREATE_REWARD_DISCOUNT = document<CreateRewardDiscountMutationVariables, CreateRewardDiscountMutation>(
  'mutation',
  `mutation CreateRewardDiscount($discount: DiscountCodeAppInput!) {
    discountCodeAppCreate(codeAppDiscount: $discount) {
      codeAppDiscount { discountId }
      userErrors { code field message }
    }
  }`,
  z.object({ discountCodeAppCreate: DiscountSaved.nullable() }),
)

export const UPDATE_REWARD_DISCOUNT = document<UpdateRewardDiscountMutationVariables, UpdateRewardDiscountMutation>(
  'mutation',
  `mutation UpdateRewardDiscount($id: ID!, $discount: DiscountCodeAppInput!) {
    discountCodeAppUpdate(id: $id, codeAppDiscount: $discount) {
      codeAppDiscount { discountId }
      userErrors { code field message }
    }
  }`,
  z.object({ discountCodeAppUpdate: DiscountSaved.nullable() }),
)

/** One code of a creation; Shopify makes them one after the other, after the mutation has answered. */
const CodeCreation = z.object({
  id: z.string(),
  done: z.boolean(),
  codes: z.object({
    nodes: z.array(
      z.object({ code: z.string(), discountRedeemCode: z.object({ id: z.string() }).nullable(), errors: UserErrors }),
    ),
  }),
})
export type CodeCreation = NonNullable<Read<CodeCreationQuery>['discountRedeemCodeBulkCreation']>

const CODE_CREATION_FIELDS = `id
      done
      codes(first: 1) {
        nodes {
          code
          discountRedeemCode { id }
          errors { code field message }
        }
      }`

export const ADD_CODE = document<AddCodeMutationVariables, AddCodeMutation>(
  'mutation',
  `mutation AddCode($discountId: ID!, $code: String!) {
    discountRedeemCodeBulkAdd(discountId: $discountId, codes: [{ code: $code }]) {
      bulkCreation {
      ${CODE_CREATION_FIELDS}
      }
      userErrors { code field message }
    }
  }`,
  z.object({
    discountRedeemCodeBulkAdd: z.object({ bulkCreation: CodeCreation.nullable(), userErrors: UserErrors }).nullable(),
  }),
)

export const CODE_CREATION = document<CodeCreationQueryVariables, CodeCreationQuery>(
  'query',
  `query CodeCreation($id: ID!) {
    discountRedeemCodeBulkCreation(id: $id) {
      ${CODE_CREATION_FIELDS}
    }
  }`,
  z.object({ discountRedeemCodeBulkCreation: CodeCreation.nullable() }),
)

const RedeemCodes = z.object({
  codes: z.object({ nodes: z.array(z.object({ id: z.string(), code: z.string(), asyncUsageCount: z.int() })) }),
})

const REDEEM_CODES = 'codes(first: 10, query: $search) { nodes { id code asyncUsageCount } }'

/** `search`: the code in double quotes, so that it is looked for as it stands. */
export const FIND_CODE = document<FindCodeQueryVariables, FindCodeQuery>(
  'query',
  `query FindCode($code: String!, $search: String!) {
    codeDiscountNodeByCode(code: $code) {
      id
      codeDiscount {
        ... on DiscountCodeApp { ${REDEEM_CODES} }
        ... on DiscountCodeBasic { ${REDEEM_CODES} }
        ... on DiscountCodeBxgy { ${REDEEM_CODES} }
        ... on DiscountCodeFreeShipping { ${REDEEM_CODES} }
      }
    }
  }`,
  z.object({ codeDiscountNodeByCode: z.object({ id: z.string(), codeDiscount: RedeemCodes }).nullable() }),
)

const Job = z.object({ id: z.string(), done: z.boolean() })

export const REMOVE_CODE = document<RemoveCodeMutationVariables, RemoveCodeMutation>(
  'mutation',
  `mutation RemoveCode($discountId: ID!, $redeemCodeIds: [ID!]!) {
    discountCodeRedeemCodeBulkDelete(discountId: $discountId, ids: $redeemCodeIds) {
      job { id done }
      userErrors { code field message }
    }
  }`,
  z.object({
    discountCodeRedeemCodeBulkDelete: z.object({ job: Job.nullable(), userErrors: UserErrors }).nullable(),
  }),
)

export const JOB = document<JobQueryVariables, JobQuery>(
  'query',
  `query Job($id: ID!) {
    job(id: $id) { id done }
  }`,
  z.object({ job: Job.nullable() }),
)

/** All of them: what is generated and tested. */
export const DOCUMENTS: readonly { readonly kind: 'query' | 'mutation'; readonly text: string }[] = [
  CREATE_REWARD_DISCOUNT,
  UPDATE_REWARD_DISCOUNT,
  ADD_CODE,
  CODE_CREATION,
  FIND_CODE,
  REMOVE_CODE,
  JOB,
  ...ORDER_DOCUMENTS,
]
